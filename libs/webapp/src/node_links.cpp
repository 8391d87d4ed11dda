#include "node_links.hpp"

namespace surveillx::webapp {

void NodeLinks::connect(NodeId node) { asked_.try_emplace(node); }

std::vector<CameraId> NodeLinks::disconnect(NodeId node) {
  asked_.erase(node);
  std::vector<CameraId> held;
  std::erase_if(holders_, [&](const auto& entry) {
    if (entry.second != node) return false;
    held.push_back(entry.first);
    return true;
  });
  return held;
}

bool NodeLinks::reported(NodeId node, const CameraId& camera, domain::CameraState state) {
  if (state != domain::CameraState::offline) {
    holders_.insert_or_assign(camera, node);
    return true;
  }
  if (!shows(node, camera)) return false;
  holders_.erase(camera);
  return true;
}

std::optional<NodeId> NodeLinks::holder(const CameraId& camera) const {
  const auto found = holders_.find(camera);
  return found == holders_.end() ? std::nullopt : std::optional(found->second);
}

bool NodeLinks::shows(NodeId node, const CameraId& camera) const {
  return holder(camera).value_or(node) == node;
}

std::vector<std::pair<NodeId, live::Demand>> NodeLinks::to_ask(const live::Demand& whole) {
  std::vector<std::pair<NodeId, live::Demand>> changed;
  for (auto& [node, asked] : asked_) {
    live::Demand part;
    for (const auto& [camera, wanted] : whole.cameras) {
      if (shows(node, camera)) part.cameras.emplace(camera, wanted);
    }
    if (asked == part) continue;
    asked = part;
    changed.emplace_back(node, std::move(part));
  }
  return changed;
}

}  // namespace surveillx::webapp
