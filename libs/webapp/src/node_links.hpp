#pragma once

#include "surveillx/domain/types.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/demand.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace surveillx::webapp {

/// One connection of a media node; never used again.
using NodeId = std::uint64_t;

/// Which media nodes are connected, what each last said of every camera, which of them therefore
/// holds a camera, and what each was asked for. Free of sockets and threads; the event loop's
/// thread only.
///
/// Every node reports every camera of the database: all of them when it connects, then on each
/// change, and while one is live every two seconds. A camera that moves from one node to another is
/// `live` at both for some seconds, until the older session is stale. So the last word does not
/// decide; what all connected nodes last said does, the same whatever order it came in:
///
/// | connected nodes say         | holder of the camera                                           |
/// |-----------------------------|----------------------------------------------------------------|
/// | `live`, one or several      | of these, the one that turned live last                        |
/// | no `live`; `stale`          | of these, the one that turned live last                        |
/// | neither; `connecting`       | of these, the one that turned connecting last                  |
/// | nothing but `offline`       | nobody; shown is the word of the last holder, once it is there |
/// | the same, and nobody did    | nobody; shown is the word of the first by name                 |
///
/// A camera that comes back to its first node while that still says `live` of the older session has
/// not turned there: reports name no session. It is shown from the second node until that one says
/// `stale`, two seconds after its last frame.
///
/// To turn is to say it after something else on the same connection. What a node says first after
/// connecting only tells how it is, and counts as older than every turn; among such ones the first
/// by name holds the camera, until one of them turns or says something lesser.
class NodeLinks {
 public:
  /// `name`: no two nodes that are connected have the same.
  void connect(NodeId node, std::string name);
  /// The cameras of which something else is shown now, or nothing (`shown`).
  std::vector<CameraId> disconnect(NodeId node);
  [[nodiscard]] bool any() const { return !nodes_.empty(); }

  /// A connected node tells of a camera. False when what is `shown` stays what it was.
  bool reported(NodeId node, live::CameraReport report);
  /// What is to be believed of a camera; null when nobody holds it and the node that last did is
  /// not connected, or no node has told. Good until the next call that changes something.
  [[nodiscard]] const live::CameraReport* shown(const CameraId& camera) const;
  [[nodiscard]] std::optional<NodeId> holder(const CameraId& camera) const;
  /// Whether what the node sends of the camera is for viewers: nobody else holds it.
  [[nodiscard]] bool shows(NodeId node, const CameraId& camera) const;
  /// The camera was removed.
  void forget(const CameraId& camera) { cameras_.erase(camera); }

  /// What every node has to be asked for now and was not yet, whole: the demand of the cameras that
  /// it holds and of those that nobody holds, since whoever gets one of them should send it at
  /// once.
  [[nodiscard]] std::vector<std::pair<NodeId, live::Demand>> to_ask(const live::Demand& whole);

 private:
  struct Node {
    std::string name;
    std::optional<live::Demand> asked;  ///< Nothing: never.
  };
  struct Word {
    live::CameraReport report;
    std::uint64_t turned = 0;  ///< By `turns_`; 0: it was so when the node connected.
  };
  struct Camera {
    std::map<NodeId, Word> words;            ///< Of connected nodes.
    std::optional<NodeId> speaker;           ///< Whose word is shown.
    std::optional<std::string> last_holder;  ///< A node's name: it comes back as another NodeId.
  };

  [[nodiscard]] std::optional<NodeId> speaker_of(const Camera& camera) const;
  [[nodiscard]] std::optional<NodeId> best_of(const Camera& camera) const;
  void settle(Camera& camera) const;

  std::map<NodeId, Node> nodes_;
  std::map<CameraId, Camera> cameras_;
  std::uint64_t turns_ = 0;
};

}  // namespace surveillx::webapp
