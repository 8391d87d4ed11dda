#include "live_metrics.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace surveillx::webapp {

namespace {

void export_hub(telemetry::Metrics& metrics, const ViewerHub& hub) {
  const auto& now = hub.stats();
  const auto grow = [&](const char* name, const char* help,
                        std::uint64_t ViewerHub::Stats::*field) {
    metrics.counter(name, help).raise_to(now.*field);
  };
  grow("live_frames_received_total", "Frames media has sent.", &ViewerHub::Stats::frames_in);
  grow("live_frames_sent_total", "Frames queued for viewers.", &ViewerHub::Stats::frames_out);
  grow("live_frames_dropped_total", "Unsent frames a newer one replaced, of slow viewers.",
       &ViewerHub::Stats::frames_replaced);
  grow("live_events_refused_total", "Malformed events of media.", &ViewerHub::Stats::malformed);
  metrics.gauge("viewers", "Connected viewers.").set(static_cast<double>(hub.viewer_count()));
  metrics.gauge("media_connected", "1 while media is connected.").set(hub.has_media() ? 1 : 0);
  std::unordered_map<std::string_view, int> states;
  for (const auto& camera : hub.cameras()) ++states[domain::to_string(camera.told.state)];
  using domain::CameraState;
  for (const auto state :
       {CameraState::connecting, CameraState::live, CameraState::stale, CameraState::offline}) {
    const auto name = domain::to_string(state);
    metrics.gauge("cameras", "Cameras by state.", {{"state", std::string(name)}}).set(states[name]);
  }
}

void export_engine(telemetry::Metrics& metrics, const socketio::EngineStats& now) {
  metrics.gauge("live_sessions", "Engine.IO sessions.").set(static_cast<double>(now.sessions));
  metrics.gauge("live_strangers", "Engine.IO sessions that nobody was let into yet.")
      .set(static_cast<double>(now.strangers));
  const auto refused = [&](const char* kind, std::uint64_t socketio::EngineStats::*field) {
    metrics
        .counter("live_refusals_total", "What was refused to or ended of Socket.IO peers.",
                 {{"kind", kind}})
        .raise_to(now.*field);
  };
  using socketio::EngineStats;
  refused("gave_way", &EngineStats::gave_way);
  refused("too_many_sessions", &EngineStats::too_many_sessions);
  refused("not_admitted_in_time", &EngineStats::not_admitted_in_time);
  refused("connect", &EngineStats::connects_refused);
  refused("refused_too_often", &EngineStats::refused_too_often);
  refused("other_protocol", &EngineStats::other_protocol);
  refused("too_large", &EngineStats::too_large);
  refused("packet", &EngineStats::packets_refused);
  refused("too_slow", &EngineStats::overflows);
}

}  // namespace

void export_live(telemetry::Metrics& metrics, const ViewerHub& hub,
                 const socketio::EngineStats& engine) {
  export_hub(metrics, hub);
  export_engine(metrics, engine);
}

}  // namespace surveillx::webapp
