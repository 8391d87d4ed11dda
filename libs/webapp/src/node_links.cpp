#include "node_links.hpp"

#include <tuple>

namespace surveillx::webapp {
namespace {

using domain::CameraState;

int rank(CameraState state) {
  switch (state) {
    case CameraState::live:
      return 3;
    case CameraState::stale:
      return 2;
    case CameraState::connecting:
      return 1;
    case CameraState::offline:
      return 0;
  }
  return 0;
}

}  // namespace

void NodeLinks::connect(NodeId node, std::string name) {
  nodes_.try_emplace(node, Node{std::move(name), std::nullopt});
}

std::vector<CameraId> NodeLinks::disconnect(NodeId node) {
  nodes_.erase(node);
  std::vector<CameraId> changed;
  for (auto& [id, camera] : cameras_) {
    camera.words.erase(node);
    if (camera.speaker != node) continue;
    settle(camera);
    changed.push_back(id);
  }
  return changed;
}

bool NodeLinks::reported(NodeId node, live::CameraReport report) {
  if (!nodes_.contains(node)) return false;
  Camera& camera = cameras_[report.camera_id];
  const auto [word, first] = camera.words.try_emplace(node);
  const auto before = first ? std::nullopt : std::optional(word->second.report.state);
  const auto now = report.state;
  if (now == CameraState::offline) {
    word->second.turned = 0;
  } else if (before && *before != now && now != CameraState::stale) {
    word->second.turned = ++turns_;
  }
  word->second.report = std::move(report);
  const auto earlier = camera.speaker;
  settle(camera);
  return camera.speaker && (camera.speaker == node || camera.speaker != earlier);
}

std::optional<NodeId> NodeLinks::best_of(const Camera& camera) const {
  std::optional<NodeId> best;
  for (const auto& [node, word] : camera.words) {
    if (!best) {
      best = node;
      continue;
    }
    const Word& other = camera.words.at(*best);
    const auto mine = std::tuple(rank(word.report.state), word.turned);
    const auto theirs = std::tuple(rank(other.report.state), other.turned);
    if (mine > theirs || (mine == theirs && nodes_.at(node).name < nodes_.at(*best).name)) {
      best = node;
    }
  }
  return best;
}

std::optional<NodeId> NodeLinks::speaker_of(const Camera& camera) const {
  const auto best = best_of(camera);
  if (!best || camera.words.at(*best).report.state != CameraState::offline) return best;
  if (!camera.last_holder) return best;
  // Of a camera that is nowhere, others only know that they do not have it.
  for (const auto& [node, word] : camera.words) {
    if (nodes_.at(node).name == *camera.last_holder) return node;
  }
  return std::nullopt;
}

void NodeLinks::settle(Camera& camera) const {
  camera.speaker = speaker_of(camera);
  if (!camera.speaker) return;
  if (camera.words.at(*camera.speaker).report.state == CameraState::offline) return;
  camera.last_holder = nodes_.at(*camera.speaker).name;
}

const live::CameraReport* NodeLinks::shown(const CameraId& camera) const {
  const auto found = cameras_.find(camera);
  if (found == cameras_.end() || !found->second.speaker) return nullptr;
  return &found->second.words.at(*found->second.speaker).report;
}

std::optional<NodeId> NodeLinks::holder(const CameraId& camera) const {
  const auto* word = shown(camera);
  if (word == nullptr || word->state == CameraState::offline) return std::nullopt;
  return cameras_.at(camera).speaker;
}

bool NodeLinks::shows(NodeId node, const CameraId& camera) const {
  return holder(camera).value_or(node) == node;
}

std::vector<std::pair<NodeId, live::Demand>> NodeLinks::to_ask(const live::Demand& whole) {
  std::vector<std::pair<NodeId, live::Demand>> changed;
  for (auto& [id, node] : nodes_) {
    live::Demand part;
    for (const auto& [camera, wanted] : whole.cameras) {
      if (shows(id, camera)) part.cameras.emplace(camera, wanted);
    }
    if (node.asked == part) continue;
    node.asked = part;
    changed.emplace_back(id, std::move(part));
  }
  return changed;
}

}  // namespace surveillx::webapp
