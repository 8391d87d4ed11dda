#pragma once

#include "surveillx/socketio/server.hpp"
#include "surveillx/telemetry/metrics.hpp"

#include "viewer_hub.hpp"

namespace surveillx::webapp {

/// What Prometheus hears of the live side. On the loop, so that nothing is added twice.
void export_live(telemetry::Metrics& metrics, const ViewerHub& hub,
                 const socketio::EngineStats& engine);

}  // namespace surveillx::webapp
