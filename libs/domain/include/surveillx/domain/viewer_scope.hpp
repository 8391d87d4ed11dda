#pragma once

#include "surveillx/domain/types.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace surveillx::domain {

/// Who looks, and at whom and what they may look: a user's role, and the groups a viewer or
/// operator is limited to. An administrator is never limited. Nobody else is yet: there is no place
/// where limits are kept. Live asks for all that it sends; the HTTP resources (cameras, people,
/// attendance) do not ask, and have to before somebody is limited, as do sightings and exports when
/// there are some.
struct ViewerScope {
  using Groups = std::set<std::string, std::less<>>;

  Role role = Role::viewer;
  std::optional<Groups> camera_groups;  ///< Nothing: all cameras. Empty: none.
  std::optional<Groups> people_groups;  ///< Nothing: all people. Empty: none.

  [[nodiscard]] bool sees_all_cameras() const;
  [[nodiscard]] bool sees_all_people() const;
  /// `group`: the camera's, empty where it is in none, which is no group anybody is limited to.
  [[nodiscard]] bool sees_camera(std::string_view group) const;
  /// `group`: the person's; nothing where it is not known, which only those see who see all.
  [[nodiscard]] bool sees_person(const std::optional<std::string>& group) const;
  friend bool operator==(const ViewerScope&, const ViewerScope&) = default;
};

}  // namespace surveillx::domain
