#include "camera_hub.hpp"

#include <set>
#include <system_error>

#include "ice_urls.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/mediaserver/local_addresses.hpp"

namespace surveillx::mediaserver {
namespace {

constexpr std::chrono::milliseconds kNumbersEvery{2'000};

std::string offline_reason(webrtc::EndReason reason) {
  switch (reason) {
    case webrtc::EndReason::closed: return "the camera has ended its stream";
    case webrtc::EndReason::ice_failed: return "the connection to the camera was lost";
    case webrtc::EndReason::dtls_failed: return "the encrypted connection could not be set up";
    case webrtc::EndReason::no_frames: return "the camera sends no pictures";
    case webrtc::EndReason::pipeline_error: return "the camera's stream cannot be decoded";
    case webrtc::EndReason::bad_sdp: return "the camera's offer cannot be used";
    case webrtc::EndReason::no_media_port:
      return "no free media port (ice.min_port..max_port)";
  }
  return "the session has ended";
}

std::string offline_reason(const std::string& why) {
  if (why == "bye") return "the camera has ended its stream";
  if (why == "revoked") return "the camera's token is no longer valid";
  return "the session has ended";
}

std::string wire_codec(webrtc::Codec codec) {
  switch (codec) {
    case webrtc::Codec::vp8: return "VP8";
    case webrtc::Codec::h264: return "H264";
    case webrtc::Codec::none: return "";
  }
  return "";
}

}  // namespace

CameraHub::CameraHub(Parts parts, const config::Config& config)
    : parts_(parts),
      config_(config),
      numbers_timer_(parts.loop),
      sessions_total_(parts.metrics.counter("media_sessions_total", "Media sessions begun")),
      first_frames_total_(parts.metrics.counter("media_sessions_live_total",
                                                "Media sessions that reached a decoded frame")),
      live_cameras_(parts.metrics.gauge("media_cameras_live", "Cameras with a current picture")) {
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
    stop_session(at->second, domain::CameraState::offline, "the camera was removed");
    at = cameras_.erase(at);
  }
}

void CameraHub::add_camera(const domain::Camera& camera, SteadyTime seen_at) {
  put_camera(camera).seen_at = seen_at;
}

CameraHub::Entry& CameraHub::put_camera(const domain::Camera& camera) {
  auto [at, added] = cameras_.try_emplace(camera.id);
  Entry& entry = at->second;
  const bool renamed = !added && entry.report.camera.name != camera.name;
  entry.report.camera = camera;
  if (added) {
    entry.report.state = domain::CameraState::offline;
    entry.report.reason = "not connected yet";
  }
  if (added || renamed) report(entry);
  return entry;
}

void CameraHub::set_demand(std::map<CameraId, Demand> demand) {
  demand_ = std::move(demand);
  apply_demand();
}

Demand CameraHub::demand_of(const CameraId& camera) const {
  if (publisher_ == nullptr) return {};
  const Demand fixed = publisher_->fixed_demand();
  if (fixed.wanted()) return fixed;
  const auto wanted = demand_.find(camera);
  return wanted == demand_.end() ? Demand{} : wanted->second;
}

void CameraHub::apply_demand() {
  for (auto& [id, entry] : cameras_) {
    if (entry.encoder) entry.encoder->set_demand(demand_of(id));
  }
}

void CameraHub::report_all() {
  for (auto& [id, entry] : cameras_) report(entry);
}

Result<MediaSessionId> CameraHub::start(const CameraId& camera, const std::string& offer_sdp,
                                        SessionHooks hooks) {
  if (stopping_) return Error{kUnavailable, "the server is stopping"};
  const auto found = cameras_.find(camera);
  if (found == cameras_.end()) return Error{kNotFound, "this camera does not exist any more"};
  Entry& entry = found->second;
  std::size_t running = 0;
  for (const auto& [id, other] : cameras_) running += other.session != nullptr ? 1 : 0;
  if (!entry.session && running >= static_cast<std::size_t>(config_.media.max_cameras)) {
    return Error{kUnavailable, "media.max_cameras cameras are connected already"};
  }
  std::shared_ptr<RecognitionService::CameraFeed> feed;
  try {
    if (parts_.recognition != nullptr) feed = parts_.recognition->open(entry.report.camera);
  } catch (const std::system_error& e) {
    log::error("media.no_thread", {{"camera", camera.str()}, {"error", e.what()}});
    return Error{kUnavailable, "the server is out of threads; try again in a few seconds"};
  }
  if (entry.session) {
    log::info("media.taken_over",
              {{"camera", camera.str()}, {"session", entry.session->id().str()}});
    const auto older = std::move(entry.hooks);
    stop_session(entry, domain::CameraState::connecting, "");
    if (older.on_taken_over) older.on_taken_over();
  }
  entry.hooks = std::move(hooks);

  webrtc::SessionOptions options;
  options.id = MediaSessionId::random();
  options.camera = camera;
  options.ice.local_addresses = ice_addresses(config_.ice.local_addresses);
  options.ice.stun_server = element_url(config_.ice.stun);
  for (const auto& url : turn_urls(config_.ice, "media", system_clock().now())) {
    options.ice.turn_servers.push_back(element_url(url));
  }
  options.ice.min_port = config_.ice.min_port;
  options.ice.max_port = config_.ice.max_port;
  options.stale_after = config_.media.stale_after;
  options.offline_after = config_.media.offline_after;
  options.end_after = config_.media.end_after;
  options.max_size = {config_.media.max_width, config_.media.max_height};

  entry.encoder = std::make_shared<FrameEncoder>(
      entry.report.camera, config_.media.jpeg_quality, parts_.encode_pool, parts_.metrics,
      [self = self_, &loop = parts_.loop](EncodedFrame frame) {
        loop.post([self, frame = std::move(frame)] {
          if (*self != nullptr) (*self)->publish_frame(frame);
        });
      });
  entry.encoder->set_demand(demand_of(camera));
  entry.feed = std::move(feed);
  entry.session = MediaSession::start(parts_.loop, parts_.session_pool, options, offer_sdp,
                                      events_for(camera, entry));
  sessions_total_.add();
  log::info("media.session_started",
            {{"camera", camera.str()}, {"session", options.id.str()}});
  entry.report.state = domain::CameraState::connecting;
  entry.report.reason.clear();
  entry.report.size = {};
  entry.report.codec.clear();
  report(entry);
  return options.id;
}

MediaSessionEvents CameraHub::events_for(const CameraId& camera, Entry& entry) {
  // MediaSession delivers nothing after `end`, and the hub ends a session before it forgets it, so
  // these may use `this` and look the entry up by its id.
  MediaSessionEvents events;
  events.on_answer = [this, camera](std::string sdp) {
    cameras_.at(camera).hooks.on_answer(std::move(sdp));
  };
  events.on_candidate = [this, camera](std::string candidate, int mline) {
    cameras_.at(camera).hooks.on_candidate(std::move(candidate), mline);
  };
  events.on_failed = [this, camera](Error error) {
    Entry& failed = cameras_.at(camera);
    log::warn("media.offer_failed",
              {{"camera", camera.str()}, {"error", error.name.text()}, {"detail", error.message}});
    const auto hooks = std::move(failed.hooks);
    stop_session(failed, domain::CameraState::offline, error.message);
    hooks.on_failed(std::move(error));
  };
  events.on_state = [this, camera](domain::CameraState state) { session_state(camera, state); };
  events.on_end = [this, camera](webrtc::EndReason reason, const std::string& detail) {
    Entry& ended = cameras_.at(camera);
    log::warn("media.session_ended", {{"camera", camera.str()},
                                      {"session", ended.session->id().str()},
                                      {"reason", webrtc::to_string(reason)},
                                      {"detail", detail}});
    parts_.metrics
        .counter("media_sessions_ended_total", "Media sessions that ended by themselves",
                 {{"reason", std::string(webrtc::to_string(reason))}})
        .add();
    const auto hooks = std::move(ended.hooks);
    stop_session(ended, domain::CameraState::offline, offline_reason(reason));
    if (hooks.on_ended) hooks.on_ended(std::string(webrtc::to_string(reason)));
  };
  events.on_frame = [encoder = entry.encoder, feed = entry.feed](const frame::Frame& frame) {
    encoder->push(frame);
    if (feed) feed->push(frame);
  };
  return events;
}

void CameraHub::session_state(const CameraId& camera, domain::CameraState state) {
  Entry& entry = cameras_.at(camera);
  const auto before = std::exchange(entry.report.state, state);
  switch (state) {
    case domain::CameraState::live:
      if (before == domain::CameraState::connecting) first_frames_total_.add();
      entry.report.reason.clear();
      break;
    case domain::CameraState::stale: entry.report.reason = "no picture for 2 seconds"; break;
    case domain::CameraState::offline: entry.report.reason = "no picture for 5 seconds"; break;
    case domain::CameraState::connecting: entry.report.reason.clear(); break;
  }
  log::info("media.camera_state",
            {{"camera", camera.str()}, {"state", domain::to_string(state)}});
  report(entry);
}

void CameraHub::add_candidate(const CameraId& camera, const MediaSessionId& session,
                              std::string candidate, int mline_index) {
  const auto found = cameras_.find(camera);
  if (found == cameras_.end() || !found->second.session) return;
  if (found->second.session->id() != session) return;
  found->second.session->add_candidate(std::move(candidate), mline_index);
}

void CameraHub::end(const CameraId& camera, const MediaSessionId& session,
                    const std::string& why) {
  const auto found = cameras_.find(camera);
  if (found == cameras_.end() || !found->second.session) return;
  if (found->second.session->id() != session) return;
  log::info("media.session_closed",
            {{"camera", camera.str()}, {"session", session.str()}, {"why", why}});
  stop_session(found->second, domain::CameraState::offline, offline_reason(why));
}

void CameraHub::end_all() {
  stopping_ = true;  // A token's look-up may come back after this and bring an offer.
  for (auto& [id, entry] : cameras_) {
    stop_session(entry, domain::CameraState::offline, "the server is stopping");
  }
}

std::size_t CameraHub::live_count() const {
  std::size_t live = 0;
  for (const auto& [id, entry] : cameras_) {
    live += entry.report.state == domain::CameraState::live ? 1 : 0;
  }
  return live;
}

void CameraHub::stop_session(Entry& entry, domain::CameraState state, std::string reason) {
  if (!entry.session) return;
  entry.session->end();
  entry.session.reset();
  entry.encoder->close();
  entry.encoder.reset();
  if (entry.feed) entry.feed->close();
  entry.feed.reset();
  entry.hooks = {};
  entry.report.state = state;
  entry.report.reason = std::move(reason);
  entry.report.fps = 0;
  report(entry);
}

void CameraHub::report(Entry& entry) {
  live_cameras_.set(static_cast<double>(live_count()));
  if (entry.session) {
    if (const auto stats = entry.session->stats()) {
      entry.report.fps = stats->fps;
      entry.report.size = stats->size;
      entry.report.codec = wire_codec(stats->codec);
    }
  }
  if (publisher_ != nullptr && publisher_->connected()) publisher_->camera(entry.report);
}

void CameraHub::refresh_numbers() {
  for (auto& [id, entry] : cameras_) {
    if (entry.session && entry.report.state == domain::CameraState::live) report(entry);
  }
}

void CameraHub::publish_frame(const EncodedFrame& frame) {
  if (publisher_ != nullptr && publisher_->connected()) publisher_->frame(frame);
}

}  // namespace surveillx::mediaserver
