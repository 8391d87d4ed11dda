#pragma once

#include "surveillx/domain/viewer_scope.hpp"
#include "surveillx/store/users.hpp"

namespace surveillx::webapp {

/// What the session's user may see. The one place that knows where a user's limits are kept: there
/// are none yet, so that a role alone decides. Live asks for what it sends. Before this returns any
/// limits, these have to ask as well, or they tell what Live hides: `GET /api/cameras`
/// (resources/cameras.cpp), `GET /api/people` with its groups (resources/people.cpp) and
/// `GET /api/attendance` (resources/attendance.cpp).
[[nodiscard]] inline domain::ViewerScope scope_of(const store::Session& session) {
  domain::ViewerScope scope;
  scope.role = session.user.role;
  return scope;
}

}  // namespace surveillx::webapp
