#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/live/attendance.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/demand.hpp"
#include "surveillx/socketio/event.hpp"

#include "node_links.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace surveillx::webapp {

using ViewerId = std::uint64_t;

/// Where a viewer's events go: its socket, or a test.
class ViewerSink {
 public:
  virtual ~ViewerSink() = default;
  virtual void emit(const socketio::EncodedEventPtr& event) = 0;
  /// False when it replaced an event of the slot that was not sent yet.
  virtual bool emit_latest(std::string_view slot, const socketio::EncodedEventPtr& event) = 0;
};

struct CameraStatus {
  domain::Camera camera;
  live::CameraReport told;
  std::optional<UnixMillis> last_frame_at;
};

struct HubOptions {
  std::string version;
  /// Why every camera is offline while media is not connected, for people.
  std::string no_media_reason = "The media process is not connected.";
  /// How an event becomes what all viewers share; a test counts the calls.
  std::function<socketio::EncodedEventPtr(std::string_view event, const socketio::Arguments&)>
      encode;
  /// The complete demand of a media node, whenever it has changed and when the node connects.
  std::function<void(NodeId, const live::Demand&)> on_demand;
  /// Media named a camera that the database list does not have yet.
  std::function<void()> on_unknown_camera;
  /// Whether media's attendance is news to viewers; without it, always.
  std::function<bool(const live::Attendance&)> is_news;
};

/// Who sees what: viewers and their watches, cameras and their states, and the demand that follows
/// from both (contracts/socketio.md). Free of sockets and threads: everything runs on the caller's
/// thread (the event loop), and time comes from the clock.
class ViewerHub {
 public:
  ViewerHub(const Clock& clock, HubOptions options);

  /// The cameras of the database. New ones are told to the viewers, missing ones as `removed`.
  void set_cameras(const std::vector<domain::Camera>& cameras);

  void media_connected(NodeId node);
  /// The cameras that the node held become offline at once; all of them, when it was the last node.
  void media_disconnected(NodeId node);
  [[nodiscard]] bool has_media() const { return nodes_.any(); }
  /// One event of a connected node. False when it was malformed or about no camera of ours: then
  /// nothing was passed on. What a node sends of a camera that another one holds is taken and not
  /// passed on.
  bool media_event(NodeId node, std::string_view event, const socketio::Arguments& arguments);

  /// Attendance that does not come from media, to every viewer.
  void tell_attendance(const live::Attendance& attendance);

  /// Sends `status` and every camera, and counts as original browser code until it watches.
  ViewerId add_viewer(std::shared_ptr<ViewerSink> sink);
  void remove_viewer(ViewerId id);
  /// The acknowledgement.
  [[nodiscard]] socketio::Arguments watch(ViewerId id, const socketio::Arguments& arguments);

  /// Applies what has become due by the clock: viewers that never watched, cameras that media did
  /// not mention, the `status` that tells every viewer that we live. Call it a few times a second.
  void tick();

  [[nodiscard]] const live::Demand& demand() const { return demand_; }
  [[nodiscard]] std::vector<CameraStatus> cameras() const;
  [[nodiscard]] std::size_t viewer_count() const { return viewers_.size(); }

  struct Stats {
    std::uint64_t frames_in = 0;
    std::uint64_t frames_out = 0;
    std::uint64_t frames_replaced = 0;  ///< A slow viewer's unsent frame gave way to a newer one.
    std::uint64_t malformed = 0;
  };
  [[nodiscard]] const Stats& stats() const { return stats_; }

  /// A viewer has this long to send its first `watch`.
  static constexpr std::chrono::milliseconds kGrace{500};
  /// How often a viewer hears from us when nothing else happens.
  static constexpr std::chrono::milliseconds kHeartbeat{2'000};
  static constexpr int kMaxWatchesPerSecond = 20;

 private:
  enum class Mode {
    undecided,  ///< Connected less than kGrace ago and has not watched: frames are held back.
    original,   ///< Never watched: base64 of every camera.
    watching,
  };
  struct Viewer {
    std::shared_ptr<ViewerSink> sink;
    SteadyTime joined;
    Mode mode = Mode::undecided;
    bool all = true;
    std::unordered_set<CameraId> cameras;  ///< When not all.
    double max_fps = 15;
    int max_width = 640;
    std::unordered_map<CameraId, SteadyTime> due;  ///< When the next frame of a camera may go.
    SteadyTime watch_window{};
    int watches = 0;

    [[nodiscard]] bool sees(const CameraId& id) const { return all || cameras.contains(id); }
    [[nodiscard]] bool takes_frames() const { return mode != Mode::undecided; }
  };
  struct Camera {
    domain::Camera camera;
    live::CameraReport told;
    SteadyTime added;
    bool in_database = true;
    bool told_by_media = false;  ///< Since the newest node connected, or held by a node.
    std::optional<UnixMillis> last_frame_at;
    // Which widths media sends at present: the count of distinct frames at which each came last.
    std::int64_t last_seq = 0;
    std::uint64_t frames = 0;
    std::map<int, std::uint64_t> seen_at;
    std::string slot;
  };
  class OutgoingFrame;

  Camera& add_camera(const domain::Camera& camera, bool in_database);
  [[nodiscard]] socketio::Arguments camera_event(const Camera& camera, bool removed = false) const;
  [[nodiscard]] socketio::EncodedEventPtr status_event() const;
  void emit_to_all(std::string_view event, const socketio::Arguments& arguments);
  bool on_frame(NodeId node, const socketio::Arguments& arguments);
  bool on_camera(NodeId node, const socketio::Arguments& arguments);
  bool on_detection(NodeId node, const socketio::Arguments& arguments);
  bool on_attendance(const socketio::Arguments& arguments);
  [[nodiscard]] static bool wants_now(Viewer& viewer, const Camera& camera, int width,
                                      SteadyTime now);
  void set_offline(Camera& camera, const std::string& reason);
  void update_demand();
  void ask_nodes();

  const Clock& clock_;
  HubOptions options_;
  std::map<ViewerId, Viewer> viewers_;
  ViewerId next_viewer_ = 1;
  std::map<CameraId, Camera> cameras_;
  /// Cameras that left the database: media tells once more about each when its session ends.
  std::unordered_set<CameraId> removed_;
  NodeLinks nodes_;
  SteadyTime media_since_{};  ///< When the newest node connected.
  SteadyTime next_heartbeat_{};
  bool untold_are_marked_ = true;
  live::Demand demand_;
  Stats stats_;
};

}  // namespace surveillx::webapp
