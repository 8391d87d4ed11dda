#include "surveillx/domain/viewer_scope.hpp"

namespace surveillx::domain {

bool ViewerScope::sees_all_cameras() const { return role == Role::admin || !camera_groups; }

bool ViewerScope::sees_all_people() const { return role == Role::admin || !people_groups; }

bool ViewerScope::sees_camera(std::string_view group) const {
  return sees_all_cameras() || (!group.empty() && camera_groups->contains(group));
}

bool ViewerScope::sees_person(const std::optional<std::string>& group) const {
  return sees_all_people() || (group && !group->empty() && people_groups->contains(*group));
}

}  // namespace surveillx::domain
