#include "viewer_hub.hpp"

#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"

#include "watch.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr const char* kNotConnected = "The camera has not connected.";
constexpr const char* kNodeGone = "The media node that had the camera is not connected.";
/// A camera that only media knows is given this long to appear in the database list: media may read
/// a change before we do.
constexpr milliseconds kProvisional{5'000};
/// After connecting, media tells every camera at once; who is not told by then is not connected.
constexpr milliseconds kToldWithin{1'000};

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

/// One frame on its way to many viewers: each form is made when the first viewer needs it.
class ViewerHub::OutgoingFrame {
 public:
  OutgoingFrame(const live::Frame& frame, const HubOptions& options)
      : frame_(frame), options_(options) {}

  const socketio::EncodedEventPtr& binary() {
    if (!binary_) {
      socketio::Arguments arguments;
      auto picture = socketio::attach(arguments, frame_.jpeg);
      arguments.args.emplace_back(frame_.to_json(std::move(picture)));
      binary_ = options_.encode(live::Frame::kEvent, arguments);
    }
    return binary_;
  }
  const socketio::EncodedEventPtr& base64() {
    if (!base64_) {
      json::value picture(base64_encode(frame_.jpeg.view()));
      base64_ = options_.encode(live::Frame::kEvent,
                                socketio::one_object(frame_.to_json(std::move(picture))));
    }
    return base64_;
  }

 private:
  const live::Frame& frame_;
  const HubOptions& options_;
  socketio::EncodedEventPtr binary_;
  socketio::EncodedEventPtr base64_;
};

ViewerHub::ViewerHub(const Clock& clock, HubOptions options)
    : clock_(clock), options_(std::move(options)) {}

ViewerHub::Camera& ViewerHub::add_camera(const domain::Camera& camera, bool in_database) {
  Camera& added = cameras_[camera.id];
  added.camera = camera;
  added.in_database = in_database;
  added.added = clock_.steady();
  added.slot = "frame:" + camera.id.str();
  added.told.camera_id = camera.id;
  added.told.name = camera.name;
  added.told.reason = has_media() ? kNotConnected : options_.no_media_reason;
  return added;
}

socketio::Arguments ViewerHub::camera_event(const Camera& camera, bool removed) const {
  auto object = camera.told.to_json();
  if (removed) {
    object["state"] = "removed";
    object["reason"] = nullptr;
    object["fps"] = 0;
    object["width"] = 0;
    object["height"] = 0;
    object["codec"] = "";
  }
  return socketio::one_object(std::move(object));
}

socketio::EncodedEventPtr ViewerHub::status_event() const {
  json::object object;
  object["connected"] = true;
  object["server_time"] = to_millis(clock_.now());
  object["version"] = options_.version;
  return options_.encode("status", socketio::one_object(std::move(object)));
}

void ViewerHub::emit_to_all(std::string_view event, const socketio::Arguments& arguments) {
  if (viewers_.empty()) return;
  const auto encoded = options_.encode(event, arguments);
  for (auto& [id, viewer] : viewers_) viewer.sink->emit(encoded);
}

void ViewerHub::set_cameras(const std::vector<domain::Camera>& cameras) {
  std::unordered_set<CameraId> present;
  for (const auto& camera : cameras) {
    present.insert(camera.id);
    removed_.erase(camera.id);
    const auto found = cameras_.find(camera.id);
    if (found == cameras_.end()) {
      emit_to_all(live::CameraReport::kEvent, camera_event(add_camera(camera, true)));
      continue;
    }
    Camera& known = found->second;
    known.in_database = true;
    known.camera = camera;
    if (known.told.name != camera.name) {
      known.told.name = camera.name;
      emit_to_all(live::CameraReport::kEvent, camera_event(known));
    }
  }
  const auto now = clock_.steady();
  for (auto it = cameras_.begin(); it != cameras_.end();) {
    const bool awaited = !it->second.in_database && now - it->second.added < kProvisional;
    if (present.contains(it->first) || awaited) {
      ++it;
      continue;
    }
    const auto event = camera_event(it->second, true);
    // A watch of it is kept: it costs nothing, and the camera may only have been missing for a while.
    for (auto& [id, viewer] : viewers_) viewer.due.erase(it->first);
    if (it->second.in_database) removed_.insert(it->first);
    nodes_.forget(it->first);
    it = cameras_.erase(it);
    emit_to_all(live::CameraReport::kEvent, event);
  }
  update_demand();
}

void ViewerHub::media_connected(NodeId node) {
  nodes_.connect(node);
  media_since_ = clock_.steady();
  untold_are_marked_ = false;
  for (auto& [id, camera] : cameras_) {
    if (nodes_.holder(id)) continue;
    camera.told_by_media = false;
    camera.last_seq = 0;
    camera.seen_at.clear();
  }
  ask_nodes();
}

void ViewerHub::media_disconnected(NodeId node) {
  const auto held = nodes_.disconnect(node);
  if (!has_media()) {
    for (auto& [id, camera] : cameras_) set_offline(camera, options_.no_media_reason);
    return;
  }
  for (const auto& id : held) {
    const auto found = cameras_.find(id);
    if (found != cameras_.end()) set_offline(found->second, kNodeGone);
  }
  ask_nodes();
}

void ViewerHub::set_offline(Camera& camera, const std::string& reason) {
  camera.told = {};
  camera.told.camera_id = camera.camera.id;
  camera.told.name = camera.camera.name;
  camera.told.reason = reason;
  camera.told_by_media = false;
  emit_to_all(live::CameraReport::kEvent, camera_event(camera));
}

bool ViewerHub::media_event(NodeId node, std::string_view event,
                            const socketio::Arguments& arguments) {
  bool taken = false;
  if (event == live::Frame::kEvent) taken = on_frame(node, arguments);
  if (event == live::CameraReport::kEvent) taken = on_camera(node, arguments);
  if (event == live::Detection::kEvent) taken = on_detection(node, arguments);
  if (event == live::Attendance::kEvent) taken = on_attendance(arguments);
  if (!taken) ++stats_.malformed;
  return taken;
}

bool ViewerHub::wants_now(Viewer& viewer, const Camera& camera, int width, SteadyTime now) {
  if (!viewer.takes_frames() || !viewer.sees(camera.camera.id) || width > viewer.max_width) {
    return false;
  }
  // A wider stream that the viewer may have, and that came with one of the last two frames, is the
  // better one: leave this to it.
  for (const auto& [other, at] : camera.seen_at) {
    if (other > width && other <= viewer.max_width && camera.frames - at <= 2) return false;
  }
  const auto interval = std::chrono::duration_cast<SteadyTime::duration>(
      std::chrono::duration<double>(1.0 / viewer.max_fps));
  auto& due = viewer.due[camera.camera.id];
  // Frames never arrive on the beat; one that is a little early is taken and the beat kept, so that
  // the mean rate stays below the wish. After a pause nothing is made up for.
  if (now + interval / 3 < due) return false;
  due = now - due > interval ? now + interval : due + interval;
  return true;
}

bool ViewerHub::on_frame(NodeId node, const socketio::Arguments& arguments) {
  const auto* object = socketio::only_object(arguments);
  if (object == nullptr) return false;
  auto frame = live::Frame::from_json(*object, [&arguments](const json::value& picture) {
    return socketio::attachment(arguments, picture);
  });
  if (!frame) return false;
  const auto found = cameras_.find(frame->camera_id);
  if (found == cameras_.end()) return false;
  if (!nodes_.shows(node, frame->camera_id)) return true;
  Camera& camera = found->second;
  ++stats_.frames_in;
  camera.last_frame_at = clock_.now();

  const int width = live::width_class(frame->width);
  if (frame->seq != camera.last_seq) {
    camera.last_seq = frame->seq;
    ++camera.frames;
  } else if (const auto seen = camera.seen_at.find(width);
             seen != camera.seen_at.end() && seen->second == camera.frames) {
    // A small camera's picture fits two demanded widths: the second copy is of no use to anybody.
    return true;
  }
  camera.seen_at[width] = camera.frames;

  frame->server_time = clock_.now();
  OutgoingFrame outgoing(*frame, options_);
  const auto now = clock_.steady();
  for (auto& [id, viewer] : viewers_) {
    if (!wants_now(viewer, camera, width, now)) continue;
    const auto& event = viewer.mode == Mode::original ? outgoing.base64() : outgoing.binary();
    ++stats_.frames_out;
    if (!viewer.sink->emit_latest(camera.slot, event)) ++stats_.frames_replaced;
  }
  return true;
}

bool ViewerHub::on_camera(NodeId node, const socketio::Arguments& arguments) {
  auto told = read<live::CameraReport>(arguments);
  if (!told) return false;
  if (removed_.contains(told->camera_id)) return true;
  if (!nodes_.reported(node, told->camera_id, told->state)) return true;
  auto found = cameras_.find(told->camera_id);
  if (found == cameras_.end()) {
    domain::Camera camera;
    camera.id = told->camera_id;
    camera.name = told->name;
    add_camera(camera, false);
    found = cameras_.find(told->camera_id);
    if (options_.on_unknown_camera) options_.on_unknown_camera();
    update_demand();
  }
  Camera& camera = found->second;
  // The database's name is newer than what media read when the camera connected.
  if (camera.in_database) told->name = camera.camera.name;
  if (told->state == domain::CameraState::live && told->fps > 0) {
    camera.last_frame_at = clock_.now();
  }
  camera.told = std::move(*told);
  camera.told_by_media = true;
  emit_to_all(live::CameraReport::kEvent, camera_event(camera));
  ask_nodes();  // Another one may hold the camera now.
  return true;
}

bool ViewerHub::on_detection(NodeId node, const socketio::Arguments& arguments) {
  const auto detection = read<live::Detection>(arguments);
  if (!detection) return false;
  const CameraId& camera = detection->camera_id;
  if (!cameras_.contains(camera)) return false;
  if (!nodes_.shows(node, camera)) return true;
  socketio::EncodedEventPtr encoded;
  for (auto& [id, viewer] : viewers_) {
    if (!viewer.sees(camera)) continue;
    if (!encoded) encoded = options_.encode(live::Detection::kEvent, arguments);
    viewer.sink->emit(encoded);
  }
  return true;
}

bool ViewerHub::on_attendance(const socketio::Arguments& arguments) {
  const auto attendance = read<live::Attendance>(arguments);
  if (!attendance) return false;
  if (options_.is_news && !options_.is_news(*attendance)) return true;
  emit_to_all(live::Attendance::kEvent, arguments);
  return true;
}

void ViewerHub::tell_attendance(const live::Attendance& attendance) {
  emit_to_all(live::Attendance::kEvent, socketio::one_object(attendance.to_json()));
}

ViewerId ViewerHub::add_viewer(std::shared_ptr<ViewerSink> sink) {
  const ViewerId id = next_viewer_++;
  Viewer viewer;
  viewer.sink = std::move(sink);
  viewer.joined = clock_.steady();
  viewer.sink->emit(status_event());
  for (const auto& [camera_id, camera] : cameras_) {
    viewer.sink->emit(options_.encode(live::CameraReport::kEvent, camera_event(camera)));
  }
  viewers_.emplace(id, std::move(viewer));
  return id;
}

void ViewerHub::remove_viewer(ViewerId id) {
  if (viewers_.erase(id) > 0) update_demand();
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
  const auto now = clock_.steady();
  if (now - viewer.watch_window >= std::chrono::seconds(1)) {
    viewer.watch_window = now;
    viewer.watches = 0;
  }
  if (++viewer.watches > kMaxWatchesPerSecond) return refuse("too_many_requests");
  auto wish = parse_watch(arguments);
  if (!wish) return refuse("bad_request");

  viewer.mode = Mode::watching;
  viewer.all = !wish->cameras.has_value();
  viewer.cameras.clear();
  json::array watched;
  if (viewer.all) {
    for (const auto& [camera_id, camera] : cameras_) watched.emplace_back(camera_id.str());
  } else {
    for (auto& text : *wish->cameras) {
      // One that the database has got a moment ago may not be known here yet: the wish is kept for
      // when it is, and acknowledged only for those that exist.
      const auto camera = CameraId::parse(text);
      if (!camera || !viewer.cameras.insert(*camera).second) continue;
      if (cameras_.contains(*camera)) watched.emplace_back(camera->str());
    }
  }
  // A higher rate counts at once, not after the interval of the lower one.
  if (wish->max_fps > viewer.max_fps) viewer.due.clear();
  viewer.max_fps = wish->max_fps;
  viewer.max_width = wish->max_width;
  update_demand();
  json::object answer;
  answer["ok"] = true;
  answer["cameras"] = std::move(watched);
  return socketio::one_object(std::move(answer));
}

void ViewerHub::tick() {
  const auto now = clock_.steady();
  bool changed = false;
  for (auto& [id, viewer] : viewers_) {
    if (viewer.mode == Mode::undecided && now - viewer.joined >= kGrace) {
      viewer.mode = Mode::original;
      changed = true;
    }
  }
  if (changed) update_demand();
  if (now >= next_heartbeat_ && !viewers_.empty()) {
    next_heartbeat_ = now + kHeartbeat;
    // Made by the loop that does all the rest: a page that hears nothing knows that we hang. A
    // viewer that does not read gets the latest one, like a frame, and no queue of them.
    const auto status = status_event();
    for (auto& [id, viewer] : viewers_) viewer.sink->emit_latest("status", status);
  }
  for (const auto& [id, camera] : cameras_) {
    // It has had its time: a list that is read now decides.
    if (camera.in_database || now - camera.added < kProvisional) continue;
    if (options_.on_unknown_camera) options_.on_unknown_camera();
    break;
  }
  if (has_media() && !untold_are_marked_ && now - media_since_ >= kToldWithin) {
    untold_are_marked_ = true;
    for (auto& [id, camera] : cameras_) {
      if (camera.told_by_media || camera.told.reason == kNotConnected) continue;
      camera.told.reason = kNotConnected;
      emit_to_all(live::CameraReport::kEvent, camera_event(camera));
    }
  }
}

void ViewerHub::update_demand() {
  live::Demand next;
  for (const auto& [camera_id, camera] : cameras_) {
    live::CameraDemand wanted;
    int smallest = 0;
    int widest = 0;
    for (const auto& [id, viewer] : viewers_) {
      if (!viewer.takes_frames() || !viewer.sees(camera_id)) continue;
      wanted.fps = std::max(wanted.fps, viewer.max_fps);
      smallest = smallest == 0 ? viewer.max_width : std::min(smallest, viewer.max_width);
      widest = std::max(widest, viewer.max_width);
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
  for (const auto& [node, demand] : nodes_.to_ask(demand_)) {
    if (options_.on_demand) options_.on_demand(node, demand);
  }
}

std::vector<CameraStatus> ViewerHub::cameras() const {
  std::vector<CameraStatus> result;
  result.reserve(cameras_.size());
  for (const auto& [id, camera] : cameras_) {
    result.push_back({camera.camera, camera.told, camera.last_frame_at});
  }
  return result;
}

}  // namespace surveillx::webapp
