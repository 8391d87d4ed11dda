#include "camera_hub.hpp"

#include <algorithm>
#include <set>

#include "camera_words.hpp"
#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {
namespace {

constexpr std::chrono::milliseconds kNumbersEvery{2'000};

}  // namespace

CameraHub::CameraHub(Parts parts, const config::Config& config)
    : parts_(parts),
      config_(config),
      numbers_timer_(parts.loop),
      sessions_total_(parts.metrics.counter("media_sessions_total", "Media sessions begun")),
      first_frames_total_(parts.metrics.counter("media_sessions_live_total",
                                                "Media sessions that reached a decoded frame")),
      takeovers_total_(parts.metrics.counter(
          "media_takeovers_total", "Media sessions that gave way to a newer one of their camera")),
      live_cameras_(parts.metrics.gauge("media_cameras_live", "Cameras that send pictures now")),
      decoding_cameras_(parts.metrics.gauge("media_cameras_decoding",
                                            "Cameras whose pictures are decoded: somebody wants them")) {
  numbers_timer_.start_repeating(kNumbersEvery, [this] { refresh_numbers(); });
}

CameraHub::~CameraHub() {
  *self_ = nullptr;
  end_all();
}

void CameraHub::set_publisher(Publisher* publisher) {
  publisher_ = publisher;
  apply_demand();
}

void CameraHub::set_cameras(const std::vector<domain::Camera>& cameras, SteadyTime read_at) {
  std::set<CameraId> present;
  for (const domain::Camera& camera : cameras) {
    present.insert(camera.id);
    put_camera(camera);
  }
  for (auto at = cameras_.begin(); at != cameras_.end();) {
    if (present.contains(at->first) || at->second.seen_at >= read_at) {
      ++at;
      continue;
    }
    log::info("media.camera_removed", {{"camera", at->first.str()}});
    end_sessions(at->second, "the camera was removed");
    at = cameras_.erase(at);
  }
}

void CameraHub::add_camera(const domain::Camera& camera, SteadyTime seen_at) {
  put_camera(camera).seen_at = seen_at;
}

CameraHub::Entry& CameraHub::put_camera(const domain::Camera& camera) {
  auto [at, added] = cameras_.try_emplace(camera.id);
  Entry& entry = at->second;
  const bool renamed = !added && entry.camera.name != camera.name;
  entry.camera = camera;
  entry.report.camera_id = camera.id;
  entry.report.name = camera.name;
  if (added) {
    entry.report.state = domain::CameraState::offline;
    entry.report.reason = "not connected yet";
  }
  if (added || renamed) report(entry);
  return entry;
}

void CameraHub::set_demand(live::Demand demand) {
  demand_ = std::move(demand);
  apply_demand();
}

live::CameraDemand CameraHub::demand_of(const CameraId& camera) const {
  if (publisher_ == nullptr) return {};
  const auto fixed = publisher_->fixed_demand();
  if (fixed.wanted()) return fixed;
  const auto wanted = demand_.cameras.find(camera);
  return wanted == demand_.cameras.end() ? live::CameraDemand{} : wanted->second;
}

void CameraHub::apply_demand() {
  for (auto& [id, entry] : cameras_) {
    entry.outputs.set_demand(demand_of(id));
  }
}

void CameraHub::report_all() {
  for (auto& [id, entry] : cameras_) report(entry);
}

void CameraHub::end_all() {
  stopping_ = true;  // A token's look-up may come back after this and bring an offer.
  for (auto& [id, entry] : cameras_) end_sessions(entry, "the server is stopping");
}

std::size_t CameraHub::live_count() const {
  std::size_t live = 0;
  for (const auto& [id, entry] : cameras_) {
    live += entry.report.state == domain::CameraState::live ? 1 : 0;
  }
  return live;
}

bool CameraHub::has_session(const CameraId& camera, const MediaSessionId& session) const {
  const auto found = cameras_.find(camera);
  if (found == cameras_.end()) return false;
  const Sessions& sessions = found->second.sessions;
  return std::any_of(sessions.begin(), sessions.end(),
                     [&](const Session& one) { return one.media->id() == session; });
}

std::size_t CameraHub::session_count(const CameraId& camera) const {
  const auto found = cameras_.find(camera);
  return found == cameras_.end() ? 0 : found->second.sessions.size();
}

void CameraHub::report(Entry& entry) {
  live_cameras_.set(static_cast<double>(live_count()));
  if (!entry.sessions.empty()) {
    const auto numbers = entry.sessions.front().media->stream().numbers();
    entry.report.fps = numbers.fps;
    entry.report.width = numbers.size.width;
    entry.report.height = numbers.size.height;
    entry.report.codec = stream::encoding_name(numbers.codec);
  }
  if (publisher_ != nullptr && publisher_->connected()) publisher_->camera(entry.report);
}

void CameraHub::refresh_numbers() {
  decoding_cameras_.set(static_cast<double>(
      std::count_if(cameras_.begin(), cameras_.end(), [](const auto& camera) {
        const auto& sessions = camera.second.sessions;
        return !sessions.empty() && sessions.front().media->stream().numbers().decoding;
      })));
  for (auto& [id, entry] : cameras_) {
    if (!entry.sessions.empty() && entry.report.state == domain::CameraState::live) report(entry);
  }
}

const domain::Camera* CameraHub::to_publish(const CameraId& id) const {
  if (publisher_ == nullptr || !publisher_->connected()) return nullptr;
  const auto found = cameras_.find(id);
  return found == cameras_.end() ? nullptr : &found->second.camera;
}

void CameraHub::publish(const live::Frame& frame) {
  if (const auto* camera = to_publish(frame.camera_id)) publisher_->frame(*camera, frame);
}

void CameraHub::publish(const live::Detection& detection) {
  if (const auto* camera = to_publish(detection.camera_id)) {
    publisher_->detection(*camera, detection);
  }
}

}  // namespace surveillx::mediaserver
