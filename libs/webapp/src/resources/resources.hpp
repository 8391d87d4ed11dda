#pragma once

#include "api_context.hpp"

namespace surveillx::webapp {

/// Adds the routes of one resource, each guarded by the gate.
using AddRoutes = void(net::Router& router, const ApiContext& context);

// One file a resource: what it serves is in contracts/http.openapi.yaml.
AddRoutes add_attendance;
AddRoutes add_cameras;
AddRoutes add_health;
AddRoutes add_login;
AddRoutes add_metrics;
AddRoutes add_password;
AddRoutes add_people;
AddRoutes add_session;
AddRoutes add_settings;
AddRoutes add_system;

inline constexpr AddRoutes* kResources[] = {
    add_attendance, add_cameras, add_health,  add_login,    add_metrics,
    add_password,   add_people,  add_session, add_settings, add_system,
};

}  // namespace surveillx::webapp
