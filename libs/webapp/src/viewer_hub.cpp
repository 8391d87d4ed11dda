#include "viewer_hub.hpp"

#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;

/// What the event's one argument says; nothing when it is not what the contract says.
template <class Event>
std::optional<Event> read(const socketio::Arguments& arguments) {
  const auto* object = socketio::only_object(arguments);
  if (object == nullptr) return std::nullopt;
  auto event = Event::from_json(*object);
  if (!event) return std::nullopt;
  return std::move(*event);
}

}  // namespace

/// What is done about an event of media's: a new one is a row here.
struct ViewerHub::MediaEvent {
  std::string_view name;
  bool (ViewerHub::*take)(NodeId, const socketio::Arguments&);
};

const std::vector<ViewerHub::MediaEvent>& ViewerHub::media_event_table() {
  static const std::vector<MediaEvent> table{
      {live::Frame::kEvent, &ViewerHub::on_frame},
      {live::Detection::kEvent, &ViewerHub::on_detection},
      {live::Attendance::kEvent, &ViewerHub::on_attendance},
      {live::CameraReport::kEvent, &ViewerHub::on_camera},
  };
  return table;
}

std::vector<std::string_view> ViewerHub::media_events() {
  std::vector<std::string_view> names;
  for (const auto& event : media_event_table()) names.push_back(event.name);
  return names;
}

ViewerHub::ViewerHub(const Clock& clock, HubOptions options)
    : clock_(clock), options_(std::move(options)), board_(clock, board_options()) {}

BoardOptions ViewerHub::board_options() {
  BoardOptions board;
  board.no_media_reason = options_.no_media_reason;
  board.on_told = [this](const LiveCamera& camera) { tell_camera(camera, false); };
  board.on_removed = [this](const LiveCamera& camera) {
    for (auto& [id, viewer] : viewers_) viewer.forget(camera.camera.id, camera.slot);
    tell_camera(camera, true);
  };
  board.on_regrouped = [this](const LiveCamera& camera, const std::string& earlier) {
    regrouped(camera, earlier);
  };
  board.on_unknown = options_.on_unknown_camera;
  return board;
}

socketio::EncodedEventPtr ViewerHub::camera_event(const LiveCamera& camera, bool removed) const {
  auto object = camera.told.to_json();
  if (removed) {
    object["state"] = "removed";
    object["reason"] = nullptr;
    object["fps"] = 0;
    object["width"] = 0;
    object["height"] = 0;
    object["codec"] = "";
  }
  return options_.encode(live::CameraReport::kEvent, socketio::one_object(std::move(object)));
}

socketio::EncodedEventPtr ViewerHub::status_event() const {
  json::object object;
  object["connected"] = true;
  object["server_time"] = to_millis(clock_.now());
  object["version"] = options_.version;
  return options_.encode("status", socketio::one_object(std::move(object)));
}

void ViewerHub::tell_camera(const LiveCamera& camera, bool removed) {
  socketio::EncodedEventPtr event;
  for (auto& [id, viewer] : viewers_) {
    if (!viewer.may_see(camera.camera)) continue;
    if (!event) event = camera_event(camera, removed);
    viewer.sink().emit(event);
  }
}

void ViewerHub::sight_changed(Viewer& viewer, const LiveCamera& camera, bool before, bool now) {
  if (before == now) return;
  if (before) viewer.forget(camera.camera.id, camera.slot);
  viewer.sink().emit(camera_event(camera, before));
}

void ViewerHub::regrouped(const LiveCamera& camera, const std::string& earlier) {
  for (auto& [id, viewer] : viewers_) {
    sight_changed(viewer, camera, viewer.scope().sees_camera(earlier),
                  viewer.may_see(camera.camera));
  }
}

void ViewerHub::set_cameras(const std::vector<domain::Camera>& cameras) {
  board_.set_cameras(cameras);
  update_demand();
}

void ViewerHub::media_connected(NodeId node, std::string name) {
  board_.media_connected(node, std::move(name));
  ask_nodes();
}

void ViewerHub::media_disconnected(NodeId node) {
  board_.media_disconnected(node);
  ask_nodes();
}

bool ViewerHub::media_event(NodeId node, std::string_view event,
                            const socketio::Arguments& arguments) {
  const auto& table = media_event_table();
  const auto known = std::find_if(table.begin(), table.end(),
                                  [event](const MediaEvent& row) { return row.name == event; });
  const bool taken = known != table.end() && (this->*known->take)(node, arguments);
  if (!taken) ++stats_.malformed;
  return taken;
}

bool ViewerHub::on_frame(NodeId node, const socketio::Arguments& arguments) {
  const auto* object = socketio::only_object(arguments);
  if (object == nullptr) return false;
  auto frame = live::Frame::from_json(*object, [&arguments](const json::value& picture) {
    return socketio::attachment(arguments, picture);
  });
  if (!frame) return false;
  LiveCamera* camera = board_.find(frame->camera_id);
  if (camera == nullptr) return false;
  if (!board_.nodes().shows(node, frame->camera_id)) return true;
  ++stats_.frames_in;
  camera->last_frame_at = clock_.now();

  const int width = live::width_class(frame->width);
  if (!camera->widths.take(frame->seq, width)) return true;

  frame->server_time = clock_.now();
  OutgoingFrame outgoing(*frame, options_.encode);
  const auto now = clock_.steady();
  for (auto& [id, viewer] : viewers_) {
    if (!viewer.wants_frame(camera->camera, camera->widths, width, now)) continue;
    const auto& event = viewer.is_original() ? outgoing.base64() : outgoing.binary();
    ++stats_.frames_out;
    if (!viewer.sink().emit_latest(camera->slot, event)) ++stats_.frames_replaced;
  }
  return true;
}

bool ViewerHub::on_camera(NodeId node, const socketio::Arguments& arguments) {
  auto told = read<live::CameraReport>(arguments);
  if (!told) return false;
  const CameraId id = told->camera_id;
  const auto known = board_.all().size();
  const auto holder = board_.nodes().holder(id);
  board_.reported(node, std::move(*told));
  if (board_.all().size() != known) update_demand();
  if (board_.nodes().holder(id) != holder) ask_nodes();
  return true;
}

bool ViewerHub::on_detection(NodeId node, const socketio::Arguments& arguments) {
  const auto detection = read<live::Detection>(arguments);
  if (!detection) return false;
  const LiveCamera* camera = board_.find(detection->camera_id);
  if (camera == nullptr) return false;
  if (!board_.nodes().shows(node, detection->camera_id)) return true;
  OutgoingDetection outgoing(*detection, options_.group_of, options_.encode);
  for (auto& [id, viewer] : viewers_) {
    if (viewer.watches(camera->camera)) viewer.sink().emit(outgoing.for_scope(viewer.scope()));
  }
  return true;
}

bool ViewerHub::on_attendance(NodeId /*node*/, const socketio::Arguments& arguments) {
  const auto attendance = read<live::Attendance>(arguments);
  if (!attendance) return false;
  if (!options_.is_news || options_.is_news(*attendance)) tell_attendance(*attendance);
  return true;
}

void ViewerHub::tell_attendance(const live::Attendance& attendance) {
  const LiveCamera* camera = attendance.camera_id ? board_.find(*attendance.camera_id) : nullptr;
  OutgoingAttendance outgoing(attendance, camera != nullptr ? &camera->camera : nullptr,
                              options_.group_of, options_.encode);
  for (auto& [id, viewer] : viewers_) {
    if (const auto event = outgoing.for_scope(viewer.scope())) viewer.sink().emit(event);
  }
}

ViewerId ViewerHub::add_viewer(std::shared_ptr<ViewerSink> sink, domain::ViewerScope scope) {
  const ViewerId id = next_viewer_++;
  Viewer viewer(std::move(sink), std::move(scope), clock_.steady());
  viewer.sink().emit(status_event());
  for (const auto& [camera_id, camera] : board_.all()) {
    if (viewer.may_see(camera.camera)) viewer.sink().emit(camera_event(camera));
  }
  viewers_.emplace(id, std::move(viewer));
  return id;
}

void ViewerHub::remove_viewer(ViewerId id) {
  if (viewers_.erase(id) > 0) update_demand();
}

void ViewerHub::set_scope(ViewerId id, const domain::ViewerScope& scope) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end() || found->second.scope() == scope) return;
  Viewer& viewer = found->second;
  const auto earlier = viewer.scope();
  viewer.set_scope(scope);
  for (const auto& [camera_id, camera] : board_.all()) {
    sight_changed(viewer, camera, earlier.sees_camera(camera.camera.group),
                  viewer.may_see(camera.camera));
  }
  update_demand();
}

socketio::Arguments ViewerHub::watch(ViewerId id, const socketio::Arguments& arguments) {
  const auto refuse = [](std::string_view error) {
    json::object answer;
    answer["ok"] = false;
    answer["cameras"] = json::array();
    answer["error"] = error;
    return socketio::one_object(std::move(answer));
  };
  const auto found = viewers_.find(id);
  if (found == viewers_.end()) return refuse("bad_request");
  Viewer& viewer = found->second;
  if (!viewer.may_watch(clock_.steady())) return refuse("too_many_requests");
  const auto wish = parse_watch(arguments);
  if (!wish) return refuse("bad_request");
  viewer.watch(*wish);
  update_demand();

  json::array watched;
  for (const auto& [camera_id, camera] : board_.all()) {
    if (viewer.watches(camera.camera)) watched.emplace_back(camera_id.str());
  }
  json::object answer;
  answer["ok"] = true;
  answer["cameras"] = std::move(watched);
  return socketio::one_object(std::move(answer));
}

void ViewerHub::tick() {
  const auto now = clock_.steady();
  bool changed = false;
  for (auto& [id, viewer] : viewers_) changed = viewer.grow_original(now) || changed;
  if (changed) update_demand();
  if (now >= next_heartbeat_ && !viewers_.empty()) {
    next_heartbeat_ = now + kHeartbeat;
    // Made by the loop that does all the rest: a page that hears nothing knows that we hang. A
    // viewer that does not read gets the latest one, like a frame, and no queue of them.
    const auto status = status_event();
    for (auto& [id, viewer] : viewers_) viewer.sink().emit_latest("status", status);
  }
  board_.tick();
}

void ViewerHub::update_demand() {
  live::Demand next;
  for (const auto& [camera_id, camera] : board_.all()) {
    live::CameraDemand wanted;
    int smallest = 0;
    int widest = 0;
    for (const auto& [id, viewer] : viewers_) {
      if (!viewer.takes_frames() || !viewer.watches(camera.camera)) continue;
      wanted.fps = std::max(wanted.fps, viewer.max_fps());
      smallest = smallest == 0 ? viewer.max_width() : std::min(smallest, viewer.max_width());
      widest = std::max(widest, viewer.max_width());
    }
    if (widest == 0) continue;
    // With three wishes the middle one gets the smallest: a viewer never gets more than it asked
    // for.
    wanted.widths = {smallest};
    if (widest != smallest) wanted.widths.push_back(widest);
    next.cameras.emplace(camera_id, std::move(wanted));
  }
  if (next == demand_) return;
  demand_ = std::move(next);
  ask_nodes();
}

void ViewerHub::ask_nodes() {
  for (const auto& [node, demand] : board_.nodes().to_ask(demand_)) {
    if (options_.on_demand) options_.on_demand(node, demand);
  }
}

std::vector<CameraStatus> ViewerHub::cameras() const {
  std::vector<CameraStatus> result;
  result.reserve(board_.all().size());
  for (const auto& [id, camera] : board_.all()) {
    result.push_back({camera.camera, camera.told, camera.last_frame_at});
  }
  return result;
}

}  // namespace surveillx::webapp
