#pragma once

#include <functional>
#include <memory>
#include <string>

#include "surveillx/config/config.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/live/attendance.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/demand.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"
#include "surveillx/live/media_hello.hpp"
#include "surveillx/net/client.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

struct PublisherOptions {
  std::string url;
  std::string token;        ///< Media token, or publish.token in legacy mode; empty: none.
  std::string version;
  live::EngineFacts engine;
  net::TlsTrust trust;
  config::Publish publish;
};

struct PublisherEvents {
  /// Connected: the owner reports every camera.
  std::function<void()> on_connect;
  std::function<void()> on_disconnect;
  /// The complete demand. In legacy mode it never comes: see `fixed_demand`.
  std::function<void(live::Demand)> on_demand;
  /// People, photos, cameras or tokens changed: look at the database now.
  std::function<void()> on_gallery;
};

/// Where pictures and news go: our own web process, or a plain Socket.IO application. Loop thread
/// only. Frames are replaced while one is unsent; news are dropped while not connected, since they
/// stand in the database anyway and cameras are reported again on connect.
class Publisher {
 public:
  virtual ~Publisher() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual bool connected() const = 0;
  virtual void frame(const domain::Camera& camera, const live::Frame& frame) = 0;
  virtual void detection(const domain::Camera& camera, const live::Detection& detection) = 0;
  virtual void camera(const live::CameraReport& report) = 0;
  virtual void attendance(const live::Attendance& news) = 0;
  /// The demand that holds for every camera without being asked; nothing in internal mode.
  [[nodiscard]] virtual live::CameraDemand fixed_demand() const = 0;
};

[[nodiscard]] std::unique_ptr<Publisher> make_internal_publisher(net::EventLoop& loop,
                                                                 PublisherOptions options,
                                                                 PublisherEvents events,
                                                                 telemetry::Metrics& metrics);
[[nodiscard]] std::unique_ptr<Publisher> make_legacy_publisher(net::EventLoop& loop,
                                                               PublisherOptions options,
                                                               PublisherEvents events,
                                                               telemetry::Metrics& metrics);

}  // namespace surveillx::mediaserver
