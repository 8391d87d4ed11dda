#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "frame_encoder.hpp"
#include "media_session.hpp"
#include "publisher.hpp"
#include "recognition_service.hpp"
#include "surveillx/config/config.hpp"

namespace surveillx::mediaserver {

/// What the one who brought an offer hears of its session; on the loop.
struct SessionHooks {
  std::function<void(std::string sdp)> on_answer;
  std::function<void(std::string candidate, int mline_index)> on_candidate;
  std::function<void(Error)> on_failed;
  /// The session ended by itself; `reason` is the name of a webrtc::EndReason.
  std::function<void(std::string reason)> on_ended;
  /// A newer session of the same camera has begun.
  std::function<void()> on_taken_over;
};

/// The cameras, their one session each, and where their pictures go: to the encoder (while somebody
/// watches) and to recognition. Loop thread only.
class CameraHub {
 public:
  struct Parts {
    net::EventLoop& loop;
    WorkerPool& session_pool;
    WorkerPool& encode_pool;
    telemetry::Metrics& metrics;
    RecognitionService* recognition = nullptr;  ///< Null: recognition is switched off.
  };
  CameraHub(Parts parts, const config::Config& config);
  ~CameraHub();

  /// Where reports and pictures go. Set before the first session.
  void set_publisher(Publisher* publisher);
  /// The cameras that the database knew at `read_at`. Sessions of others end, except of those that
  /// `add_camera` brought later than that.
  void set_cameras(const std::vector<domain::Camera>& cameras, SteadyTime read_at);
  /// A camera whose token was just found in the database, `seen_at` or later: it may be newer than
  /// the last `set_cameras`.
  void add_camera(const domain::Camera& camera, SteadyTime seen_at);
  /// The complete demand, by camera. It is kept whole, since it may name a camera that the database
  /// has had for less time than our last look at it.
  void set_demand(std::map<CameraId, Demand> demand);
  /// Tells the publisher about every camera.
  void report_all();

  /// Begins a session, taking over an older one of the same camera. `not_found` for a camera that
  /// was removed meanwhile, `unavailable` when `media.max_cameras` are connected.
  [[nodiscard]] Result<MediaSessionId> start(const CameraId& camera, const std::string& offer_sdp,
                                             SessionHooks hooks);
  void add_candidate(const CameraId& camera, const MediaSessionId& session, std::string candidate,
                     int mline_index);
  /// Ends the session if it is still the camera's; `why` as signaling's EndSession says.
  void end(const CameraId& camera, const MediaSessionId& session, const std::string& why);
  /// Ends all and begins none any more; for shutdown.
  void end_all();
  [[nodiscard]] std::size_t live_count() const;

 private:
  struct Entry {
    CameraReport report;
    SteadyTime seen_at{};  ///< When `add_camera` brought it; else the beginning of time.
    SessionHooks hooks;
    std::shared_ptr<MediaSession> session;
    std::shared_ptr<FrameEncoder> encoder;
    std::shared_ptr<RecognitionService::CameraFeed> feed;
  };

  Entry& put_camera(const domain::Camera& camera);
  [[nodiscard]] Demand demand_of(const CameraId& camera) const;
  void apply_demand();
  [[nodiscard]] MediaSessionEvents events_for(const CameraId& camera, Entry& entry);
  void session_state(const CameraId& camera, domain::CameraState state);
  void stop_session(Entry& entry, domain::CameraState state, std::string reason);
  void report(Entry& entry);
  void refresh_numbers();
  void publish_frame(const EncodedFrame& frame);

  Parts parts_;
  config::Config config_;
  Publisher* publisher_ = nullptr;
  bool stopping_ = false;
  std::map<CameraId, Entry> cameras_;
  std::map<CameraId, Demand> demand_;  ///< Of known and of unknown cameras.
  net::Timer numbers_timer_;
  telemetry::Counter sessions_total_;
  telemetry::Counter first_frames_total_;
  telemetry::Gauge live_cameras_;
  /// Lets pool threads find out that the hub is gone.
  std::shared_ptr<CameraHub*> self_ = std::make_shared<CameraHub*>(this);
};

}  // namespace surveillx::mediaserver
