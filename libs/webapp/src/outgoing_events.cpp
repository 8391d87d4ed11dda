#include "outgoing_events.hpp"

#include <utility>

namespace surveillx::webapp {
namespace {

std::optional<std::string> group(const GroupOf& group_of, const PersonId& person) {
  return group_of ? group_of(person) : std::nullopt;
}

}  // namespace

const socketio::EncodedEventPtr& OutgoingFrame::binary() {
  if (!binary_) {
    socketio::Arguments arguments;
    auto picture = socketio::attach(arguments, frame_.jpeg);
    arguments.args.emplace_back(frame_.to_json(std::move(picture)));
    binary_ = encode_(live::Frame::kEvent, arguments);
  }
  return binary_;
}

const socketio::EncodedEventPtr& OutgoingFrame::base64() {
  if (!base64_) {
    boost::json::value picture(base64_encode(frame_.jpeg.view()));
    base64_ =
        encode_(live::Frame::kEvent, socketio::one_object(frame_.to_json(std::move(picture))));
  }
  return base64_;
}

OutgoingDetection::Hidden OutgoingDetection::hidden_from(const domain::ViewerScope& scope) const {
  Hidden hidden(detection_.faces.size(), false);
  if (scope.sees_all_people()) return hidden;
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    const auto& person = detection_.faces[i].person_id;
    hidden[i] = person && !scope.sees_person(group(group_of_, *person));
  }
  return hidden;
}

const socketio::EncodedEventPtr& OutgoingDetection::for_scope(const domain::ViewerScope& scope) {
  auto hidden = hidden_from(scope);
  const auto known = forms_.find(hidden);
  if (known != forms_.end()) return known->second;
  live::Detection shown = detection_;
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    if (!hidden[i]) continue;
    auto& face = shown.faces[i];
    face.status = domain::FaceStatus::unknown;
    face.person_id.reset();
    face.name.clear();
  }
  auto encoded = encode_(live::Detection::kEvent, socketio::one_object(shown.to_json()));
  return forms_.emplace(std::move(hidden), std::move(encoded)).first->second;
}

socketio::EncodedEventPtr OutgoingAttendance::for_scope(const domain::ViewerScope& scope) {
  if (!scope.sees_all_people() && !scope.sees_person(group(group_of_, attendance_.person_id))) {
    return nullptr;
  }
  const bool sees_camera = !attendance_.camera_id || scope.sees_all_cameras() ||
                           (camera_ != nullptr && scope.sees_camera(camera_->group));
  auto& form = sees_camera ? whole_ : without_camera_;
  if (!form) {
    live::Attendance shown = attendance_;
    if (!sees_camera) shown.camera_id.reset();
    form = encode_(live::Attendance::kEvent, socketio::one_object(shown.to_json()));
  }
  return form;
}

}  // namespace surveillx::webapp
