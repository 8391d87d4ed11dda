#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/live/camera_report.hpp"

#include "node_links.hpp"
#include "widths_seen.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace surveillx::webapp {

/// A camera, and what is known of it at present.
struct LiveCamera {
  domain::Camera camera;
  live::CameraReport told;  ///< As viewers see it.
  SteadyTime added{};
  bool in_database = true;
  bool told_by_media = false;  ///< By some node since the newest one connected, or held by one.
  std::optional<UnixMillis> last_frame_at;
  WidthsSeen widths;
  std::string slot;  ///< Of its frames, among what waits for a viewer.
};

struct BoardOptions {
  /// Why every camera is offline while media is not connected, for people.
  std::string no_media_reason = "The media process is not connected.";
  /// A camera is new, or is told anew.
  std::function<void(const LiveCamera&)> on_told;
  std::function<void(const LiveCamera&)> on_removed;
  /// A camera has moved to another group; if it was renamed too, that is told afterwards.
  std::function<void(const LiveCamera&, const std::string& earlier)> on_regrouped;
  /// Media named a camera that the database list does not have yet.
  std::function<void()> on_unknown;
};

/// The cameras of the site and how each is doing: which there are is the database's word, how they
/// do that of the media nodes, of which it is NodeLinks that says whom to believe. Loop thread;
/// time comes from the clock.
class CameraBoard {
 public:
  CameraBoard(const Clock& clock, BoardOptions options);

  /// The cameras of the database.
  void set_cameras(const std::vector<domain::Camera>& cameras);

  void media_connected(NodeId node, std::string name);
  /// The cameras that the node held become offline at once, or another node's that has them; all of
  /// them become offline when it was the last node.
  void media_disconnected(NodeId node);
  void reported(NodeId node, live::CameraReport report);
  /// Applies what has become due. Call it a few times a second.
  void tick();

  [[nodiscard]] LiveCamera* find(const CameraId& camera);
  [[nodiscard]] const std::map<CameraId, LiveCamera>& all() const { return cameras_; }
  [[nodiscard]] NodeLinks& nodes() { return nodes_; }
  [[nodiscard]] const NodeLinks& nodes() const { return nodes_; }

 private:
  LiveCamera& add(const domain::Camera& camera, bool in_database);
  void update(LiveCamera& known, const domain::Camera& camera);
  void remove_missing(const std::unordered_set<CameraId>& present);
  /// Shows what is to be believed of the camera.
  void show(LiveCamera& camera);
  void set_offline(LiveCamera& camera, const std::string& reason);

  const Clock& clock_;
  BoardOptions options_;
  std::map<CameraId, LiveCamera> cameras_;
  /// Cameras that left the database: media tells once more about each when its session ends.
  std::unordered_set<CameraId> removed_;
  NodeLinks nodes_;
  SteadyTime media_since_{};  ///< When the newest node connected.
  bool untold_are_marked_ = true;
};

}  // namespace surveillx::webapp
