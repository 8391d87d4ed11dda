#include "camera_board.hpp"

#include <utility>

namespace surveillx::webapp {
namespace {

using domain::CameraState;
using std::chrono::milliseconds;

constexpr const char* kNotConnected = "The camera has not connected.";
constexpr const char* kNodeGone = "The media node that had the camera is not connected.";
/// A camera that only media knows is given this long to appear in the database list: media may read
/// a change before we do.
constexpr milliseconds kProvisional{5'000};
/// After connecting, media tells every camera at once; who is not told by then is not connected.
constexpr milliseconds kToldWithin{1'000};

/// Of a camera of which nothing but that is known.
live::CameraReport offline_report(const domain::Camera& camera, std::string reason) {
  live::CameraReport report;
  report.camera_id = camera.id;
  report.name = camera.name;
  report.reason = std::move(reason);
  return report;
}

}  // namespace

CameraBoard::CameraBoard(const Clock& clock, BoardOptions options)
    : clock_(clock), options_(std::move(options)) {}

LiveCamera* CameraBoard::find(const CameraId& camera) {
  const auto found = cameras_.find(camera);
  return found == cameras_.end() ? nullptr : &found->second;
}

LiveCamera& CameraBoard::add(const domain::Camera& camera, bool in_database) {
  LiveCamera& added = cameras_[camera.id];
  added.camera = camera;
  added.in_database = in_database;
  added.added = clock_.steady();
  added.slot = "frame:" + camera.id.str();
  added.told = offline_report(camera, nodes_.any() ? kNotConnected : options_.no_media_reason);
  return added;
}

void CameraBoard::set_cameras(const std::vector<domain::Camera>& cameras) {
  std::unordered_set<CameraId> present;
  for (const auto& camera : cameras) {
    present.insert(camera.id);
    removed_.erase(camera.id);
    if (LiveCamera* known = find(camera.id)) {
      update(*known, camera);
    } else {
      options_.on_told(add(camera, true));
    }
  }
  remove_missing(present);
}

void CameraBoard::update(LiveCamera& known, const domain::Camera& camera) {
  const std::string group = std::exchange(known.camera, camera).group;
  known.in_database = true;
  // By the name it had: who may see it no more is not told the new one.
  if (group != camera.group) options_.on_regrouped(known, group);
  if (std::exchange(known.told.name, camera.name) != camera.name) options_.on_told(known);
}

void CameraBoard::remove_missing(const std::unordered_set<CameraId>& present) {
  const auto now = clock_.steady();
  for (auto it = cameras_.begin(); it != cameras_.end();) {
    const bool awaited = !it->second.in_database && now - it->second.added < kProvisional;
    if (present.contains(it->first) || awaited) {
      ++it;
      continue;
    }
    const LiveCamera gone = std::move(it->second);
    if (gone.in_database) removed_.insert(it->first);
    nodes_.forget(it->first);
    it = cameras_.erase(it);
    options_.on_removed(gone);
  }
}

void CameraBoard::media_connected(NodeId node, std::string name) {
  nodes_.connect(node, std::move(name));
  media_since_ = clock_.steady();
  untold_are_marked_ = false;
  for (auto& [id, camera] : cameras_) {
    if (nodes_.holder(id)) continue;
    camera.told_by_media = false;
    camera.widths.reset();
  }
}

void CameraBoard::media_disconnected(NodeId node) {
  const auto changed = nodes_.disconnect(node);
  if (!nodes_.any()) {
    for (auto& [id, camera] : cameras_) {
      camera.told_by_media = false;
      set_offline(camera, options_.no_media_reason);
    }
    return;
  }
  for (const auto& id : changed) {
    LiveCamera* camera = find(id);
    if (camera == nullptr) continue;
    camera->widths.reset();
    show(*camera);
  }
}

void CameraBoard::reported(NodeId node, live::CameraReport report) {
  const CameraId id = report.camera_id;
  if (removed_.contains(id)) return;
  LiveCamera* camera = find(id);
  if (camera == nullptr) {
    domain::Camera unknown;
    unknown.id = id;
    unknown.name = report.name;
    camera = &add(unknown, false);
    if (options_.on_unknown) options_.on_unknown();
  }
  camera->told_by_media = true;
  const auto earlier = nodes_.holder(id);
  const bool news = nodes_.reported(node, std::move(report));
  if (nodes_.holder(id) != earlier) camera->widths.reset();
  // Nobody is to be believed: that is told once, and not each time somebody does not have the
  // camera.
  if (news || (nodes_.shown(id) == nullptr && camera->told.reason != kNodeGone)) show(*camera);
}

void CameraBoard::show(LiveCamera& camera) {
  const auto* word = nodes_.shown(camera.camera.id);
  if (word == nullptr) {
    set_offline(camera, kNodeGone);
    return;
  }
  camera.told = *word;
  // The database's name is newer than what media read when the camera connected.
  if (camera.in_database) camera.told.name = camera.camera.name;
  if (camera.told.state == CameraState::live && camera.told.fps > 0) {
    camera.last_frame_at = clock_.now();
  }
  options_.on_told(camera);
}

void CameraBoard::set_offline(LiveCamera& camera, const std::string& reason) {
  camera.told = offline_report(camera.camera, reason);
  options_.on_told(camera);
}

void CameraBoard::tick() {
  const auto now = clock_.steady();
  for (const auto& [id, camera] : cameras_) {
    // It has had its time: a list that is read now decides.
    if (camera.in_database || now - camera.added < kProvisional) continue;
    if (options_.on_unknown) options_.on_unknown();
    break;
  }
  if (!nodes_.any() || untold_are_marked_ || now - media_since_ < kToldWithin) return;
  untold_are_marked_ = true;
  for (auto& [id, camera] : cameras_) {
    if (camera.told_by_media || camera.told.reason == kNotConnected) continue;
    // Another node has said why it is offline, before the newest one connected.
    if (nodes_.shown(id) != nullptr) continue;
    camera.told.reason = kNotConnected;
    options_.on_told(camera);
  }
}

}  // namespace surveillx::webapp
