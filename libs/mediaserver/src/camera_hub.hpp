#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "camera_outputs.hpp"
#include "camera_session.hpp"
#include "publisher.hpp"
#include "recognition_service.hpp"
#include "session_hooks.hpp"
#include "surveillx/config/config.hpp"

namespace surveillx::mediaserver {

/// The cameras, their sessions, and where their pictures go: to the encoder (while somebody watches)
/// and to recognition. Loop thread only.
///
/// A camera shows one session, its oldest. A newer one is built and answered beside it, and takes over
/// once it is worth more: with its answer, when the older one has never shown a picture; otherwise
/// with its own first picture. Until then nothing that the newer one does or fails to do touches the
/// older one. Frames of the others are not looked at by anybody. One source of a camera is being made
/// at a time; of those that come meanwhile only the newest waits. What kind of source it is the hub
/// does not know.
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
  void set_demand(live::Demand demand);
  /// Tells the publisher about every camera.
  void report_all();
  /// To the publisher, if it is connected and the camera still is there.
  void publish(const live::Frame& frame);
  void publish(const live::Detection& detection);

  /// `not_found` for a camera that was removed, `unavailable` while the server stops.
  [[nodiscard]] Result<void> takes_sessions_of(const CameraId& camera) const;
  /// Begins a session. As `takes_sessions_of`; `unavailable` also when `media.max_cameras` are
  /// connected, or no thread is left. Whatever is wrong with the source itself comes by
  /// `on_failed`, later.
  [[nodiscard]] Result<MediaSessionId> start(const CameraId& camera, OpenSource open,
                                             SessionHooks hooks);
  /// The session's peer has been answered, or reached: it is worth more than one without a picture.
  /// False when the session is over.
  bool established(const CameraId& camera, const MediaSessionId& session);
  /// Ends the session if it still runs; `why` as signaling's EndSession says.
  void end(const CameraId& camera, const MediaSessionId& session, const std::string& why);
  /// Ends all and begins none any more; for shutdown.
  void end_all();
  [[nodiscard]] std::size_t live_count() const;
  [[nodiscard]] bool has_session(const CameraId& camera, const MediaSessionId& session) const;
  /// Sessions of this camera, also those that are not shown.
  [[nodiscard]] std::size_t session_count(const CameraId& camera) const;

 private:
  struct Session {
    SessionHooks hooks;
    std::shared_ptr<CameraSession> media;
    domain::CameraState state = domain::CameraState::connecting;
    bool pictured = false;  ///< A frame of it has been decoded.
  };
  using Sessions = std::vector<Session>;
  struct Entry {
    domain::Camera camera;
    live::CameraReport report;
    SteadyTime seen_at{};  ///< When `add_camera` brought it; else the beginning of time.
    Sessions sessions;      ///< Oldest first. The first is the one that is shown.
    CameraOutputs outputs;  ///< Of the session that is shown; null when there is none.
  };

  Entry& put_camera(const domain::Camera& camera);
  [[nodiscard]] live::CameraDemand demand_of(const CameraId& camera) const;
  void apply_demand();
  void report(Entry& entry);
  void refresh_numbers();
  /// Null when there is nobody to publish to, or no such camera.
  [[nodiscard]] const domain::Camera* to_publish(const CameraId& id) const;

  // camera_sessions.cpp
  [[nodiscard]] stream::StreamOptions stream_options(const CameraId& camera) const;
  [[nodiscard]] CameraSessionEvents events_for(const CameraId& camera, const MediaSessionId& id);
  [[nodiscard]] static Sessions::iterator find(Entry& entry, const MediaSessionId& id);
  /// Calls `act(entry, session)` if that session still is the camera's.
  template <class Act>
  void with_session(const CameraId& camera, const MediaSessionId& id, Act act);
  void offer_failed(Entry& entry, Sessions::iterator session, Error error);
  void built(Entry& entry, Sessions::iterator session);
  void state_changed(Entry& entry, Sessions::iterator session, domain::CameraState state);
  /// Ends those before `newer` (those without a picture only, unless `pictured_too`), and shows it if
  /// it has become the oldest. When that cannot be done, `newer` ends instead.
  void take_over(Entry& entry, const MediaSessionId& newer, bool pictured_too);
  /// Nothing when there is no thread for recognition. They get no frame before `show`.
  [[nodiscard]] std::optional<CameraOutputs> open_outputs(const Entry& entry);
  /// The oldest session's frames go there from now on, and no other's anywhere.
  static void show(Entry& entry, CameraOutputs outputs);
  /// Removes a session that is over. `reason` is why the camera is offline if it was the only one.
  void drop(Entry& entry, Sessions::iterator session, const std::string& reason);
  /// The oldest session has changed: shows it, or says that the camera is offline.
  void show_oldest(Entry& entry, const std::string& reason);
  /// Begins the session that waits, when none is being built.
  void begin_waiting(Entry& entry);
  void end_sessions(Entry& entry, const std::string& reason);

  Parts parts_;
  config::Config config_;
  Publisher* publisher_ = nullptr;
  bool stopping_ = false;
  std::map<CameraId, Entry> cameras_;
  live::Demand demand_;  ///< Of known and of unknown cameras.
  net::Timer numbers_timer_;
  telemetry::Counter sessions_total_;
  telemetry::Counter first_frames_total_;
  telemetry::Counter takeovers_total_;
  telemetry::Gauge live_cameras_;
  telemetry::Gauge decoding_cameras_;
  /// Lets pool threads find out that the hub is gone.
  std::shared_ptr<CameraHub*> self_ = std::make_shared<CameraHub*>(this);
};

}  // namespace surveillx::mediaserver
