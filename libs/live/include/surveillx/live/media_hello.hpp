#pragma once

#include "surveillx/live/event.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace surveillx::live {

inline constexpr ErrorName kMalformedNode{"malformed_node"};

/// The engine that recognises, for people.
struct EngineFacts {
  std::string name;
  std::string model;
  bool trial = false;
  std::string notice;  ///< Empty when there is nothing to say.

  [[nodiscard]] boost::json::object to_json() const;
  [[nodiscard]] static Result<EngineFacts> from_json(const boost::json::object& object);
  friend bool operator==(const EngineFacts&, const EngineFacts&) = default;
};

/// What media says of itself when it connects, in the `auth` of its CONNECT beside the token.
struct MediaHello {
  std::string version;
  /// Tells media nodes apart: a newer connection of the same node replaces the older. Left out of the
  /// JSON while it is empty, as it is where there is one.
  std::string node;
  std::optional<EngineFacts> engine;
  bool signaling_listening = true;  ///< Left out of the JSON while it is true.

  [[nodiscard]] boost::json::object to_json() const;
  /// `malformed_node` when the node's name is none (domain::is_node_name): it would be taken for
  /// another node, or for the only one. The token decides who is media, so that whatever else is
  /// malformed counts as not said.
  [[nodiscard]] static Result<MediaHello> from_json(const boost::json::object& auth);
  friend bool operator==(const MediaHello&, const MediaHello&) = default;
};

}  // namespace surveillx::live
