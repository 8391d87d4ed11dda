#pragma once

#include "surveillx/domain/types.hpp"
#include "surveillx/live/demand.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace surveillx::webapp {

/// One connection of a media node; never used again.
using NodeId = std::uint64_t;

/// Which media nodes are connected, which of them holds which camera, and what each was asked for. A
/// camera is held by the node that last said it is anything but offline; every node reports every
/// camera of the database, so that `offline` alone says nothing about who has it. Free of sockets and
/// threads; the event loop's thread only.
class NodeLinks {
 public:
  void connect(NodeId node);
  /// The cameras that it held, which nobody holds now.
  std::vector<CameraId> disconnect(NodeId node);
  [[nodiscard]] bool any() const { return !asked_.empty(); }

  /// A node tells of a camera. False when another one holds it and this one does not: no news.
  bool reported(NodeId node, const CameraId& camera, domain::CameraState state);
  [[nodiscard]] std::optional<NodeId> holder(const CameraId& camera) const;
  /// Whether what the node sends of the camera is for viewers: nobody else holds it.
  [[nodiscard]] bool shows(NodeId node, const CameraId& camera) const;
  /// The camera was removed.
  void forget(const CameraId& camera) { holders_.erase(camera); }

  /// What every node has to be asked for now and was not yet, whole: the demand of the cameras that it
  /// holds and of those that nobody holds, since whoever gets one of them should send it at once.
  [[nodiscard]] std::vector<std::pair<NodeId, live::Demand>> to_ask(const live::Demand& whole);

 private:
  std::map<NodeId, std::optional<live::Demand>> asked_;  ///< Nothing: never.
  std::map<CameraId, NodeId> holders_;
};

}  // namespace surveillx::webapp
