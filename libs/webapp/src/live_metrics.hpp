#pragma once

#include "surveillx/socketio/server.hpp"
#include "surveillx/telemetry/metrics.hpp"

#include "viewer_hub.hpp"

namespace surveillx::webapp {

/// What Prometheus hears of the live side. Remembers what it has told, since counters only grow.
class LiveMetrics {
 public:
  void tell(telemetry::Metrics& metrics, const ViewerHub& hub, const socketio::EngineStats& engine);

 private:
  void tell_hub(telemetry::Metrics& metrics, const ViewerHub& hub);
  void tell_engine(telemetry::Metrics& metrics, const socketio::EngineStats& now);

  ViewerHub::Stats hub_;
  socketio::EngineStats engine_;
};

}  // namespace surveillx::webapp
