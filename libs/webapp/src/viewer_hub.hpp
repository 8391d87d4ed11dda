#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/live/attendance.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/demand.hpp"
#include "surveillx/socketio/event.hpp"

#include "camera_board.hpp"
#include "outgoing_events.hpp"
#include "viewer.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::webapp {

struct CameraStatus {
  domain::Camera camera;
  live::CameraReport told;
  std::optional<UnixMillis> last_frame_at;
};

struct HubOptions {
  std::string version;
  /// Why every camera is offline while media is not connected, for people.
  std::string no_media_reason = BoardOptions().no_media_reason;
  /// How an event becomes what all viewers share; a test counts the calls.
  Encode encode;
  /// The complete demand of a media node, whenever it has changed and when the node connects.
  std::function<void(NodeId, const live::Demand&)> on_demand;
  /// Media named a camera that the database list does not have yet.
  std::function<void()> on_unknown_camera;
  /// Whether media's attendance is news to viewers; without it, always.
  std::function<bool(const live::Attendance&)> is_news;
  /// Without it, whoever is limited to groups of people sees nobody.
  GroupOf group_of;
};

/// Who sees what: viewers, what they may see and what they watch of it, and the demand that follows
/// (contracts/socketio.md). Free of sockets and threads: everything runs on the caller's thread
/// (the event loop), and time comes from the clock.
class ViewerHub {
 public:
  ViewerHub(const Clock& clock, HubOptions options);

  /// The events that media sends, and nobody else may: those that `media_event` takes.
  [[nodiscard]] static std::vector<std::string_view> media_events();

  /// The cameras of the database. New ones are told to the viewers, missing ones as `removed`.
  void set_cameras(const std::vector<domain::Camera>& cameras);

  /// `name`: of no other node that is connected.
  void media_connected(NodeId node, std::string name);
  /// The cameras that the node held become offline at once, unless another one has them; all of
  /// them, when it was the last node.
  void media_disconnected(NodeId node);
  [[nodiscard]] bool has_media() const { return board_.nodes().any(); }
  /// One event of a connected node. False when it was malformed or about no camera of ours: then
  /// nothing was passed on. What a node sends of a camera that another one holds is taken and not
  /// passed on.
  bool media_event(NodeId node, std::string_view event, const socketio::Arguments& arguments);

  /// Attendance that does not come from media, to every viewer who may see the person.
  void tell_attendance(const live::Attendance& attendance);

  /// Sends `status` and every camera that it may see, and counts as original browser code until it
  /// watches.
  ViewerId add_viewer(std::shared_ptr<ViewerSink> sink, domain::ViewerScope scope);
  void remove_viewer(ViewerId id);
  /// Its user's role or limits have changed: cameras that it may not see any more are told as
  /// `removed`, those that it may see now as they are.
  void set_scope(ViewerId id, const domain::ViewerScope& scope);
  /// The acknowledgement.
  [[nodiscard]] socketio::Arguments watch(ViewerId id, const socketio::Arguments& arguments);

  /// Applies what has become due by the clock: viewers that never watched, cameras that media did
  /// not mention, the `status` that tells every viewer that we live. Call it a few times a second.
  void tick();

  [[nodiscard]] std::vector<CameraStatus> cameras() const;
  [[nodiscard]] std::size_t viewer_count() const { return viewers_.size(); }

  struct Stats {
    std::uint64_t frames_in = 0;
    std::uint64_t frames_out = 0;
    std::uint64_t frames_replaced = 0;  ///< A slow viewer's unsent frame gave way to a newer one.
    std::uint64_t malformed = 0;
  };
  [[nodiscard]] const Stats& stats() const { return stats_; }

  /// How often a viewer hears from us when nothing else happens.
  static constexpr std::chrono::milliseconds kHeartbeat{2'000};

 private:
  struct MediaEvent;
  static const std::vector<MediaEvent>& media_event_table();

  [[nodiscard]] BoardOptions board_options();
  [[nodiscard]] socketio::EncodedEventPtr camera_event(const LiveCamera& camera,
                                                       bool removed = false) const;
  [[nodiscard]] socketio::EncodedEventPtr status_event() const;
  /// To whoever may see the camera.
  void tell_camera(const LiveCamera& camera, bool removed);
  void regrouped(const LiveCamera& camera, const std::string& earlier);
  /// The viewer could see the camera and cannot, or the other way round.
  void sight_changed(Viewer& viewer, const LiveCamera& camera, bool before, bool now);
  bool on_frame(NodeId node, const socketio::Arguments& arguments);
  bool on_camera(NodeId node, const socketio::Arguments& arguments);
  bool on_detection(NodeId node, const socketio::Arguments& arguments);
  bool on_attendance(NodeId node, const socketio::Arguments& arguments);
  void update_demand();
  void ask_nodes();

  const Clock& clock_;
  HubOptions options_;
  std::map<ViewerId, Viewer> viewers_;
  ViewerId next_viewer_ = 1;
  CameraBoard board_;
  SteadyTime next_heartbeat_{};
  live::Demand demand_;
  Stats stats_;
};

}  // namespace surveillx::webapp
