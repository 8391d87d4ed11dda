#pragma once

#include "surveillx/domain/viewer_scope.hpp"
#include "surveillx/store/users.hpp"

namespace surveillx::webapp {

/// What the session's user may see. The one place that knows where a user's limits are kept: there
/// are none yet, so that a role alone decides.
[[nodiscard]] inline domain::ViewerScope scope_of(const store::Session& session) {
  domain::ViewerScope scope;
  scope.role = session.user.role;
  return scope;
}

}  // namespace surveillx::webapp
