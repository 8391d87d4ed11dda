#pragma once

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "surveillx/config/config.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/live/attendance.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/demand.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"
#include "surveillx/live/gallery.hpp"
#include "surveillx/live/media_hello.hpp"
#include "surveillx/net/client.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

struct PublisherOptions {
  std::string url;
  std::string token;        ///< Media token, or publish.token in legacy mode; empty: none.
  std::string version;
  std::string node;         ///< This media node's name; empty: the only one.
  live::EngineFacts engine;
  net::TlsTrust trust;
  config::Publish publish;
};

/// What the owner does about what happens. On the loop.
class PublisherEvents {
 public:
  /// Connected: the owner reports every camera.
  std::function<void()> on_connect;
  std::function<void()> on_disconnect;

  /// What to do with an event of web's. In legacy mode none comes.
  template <class Event>
  void on(std::function<void(Event)> handle) {
    handlers_.insert_or_assign(
        std::string(Event::kEvent),
        [handle = std::move(handle)](const boost::json::object& payload) -> Result<void> {
          auto event = Event::from_json(payload);
          if (!event) return event.error();
          handle(std::move(*event));
          return {};
        });
  }
  /// Passes an event on to whoever wants it; one that nobody wants is overlooked. `malformed_event`.
  [[nodiscard]] Result<void> received(std::string_view event,
                                      const boost::json::object& payload) const {
    const auto handler = handlers_.find(event);
    return handler == handlers_.end() ? Result<void>() : handler->second(payload);
  }

 private:
  std::map<std::string, std::function<Result<void>(const boost::json::object&)>, std::less<>>
      handlers_;
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
  virtual void camera(const live::CameraReport& report) { tell(report); }
  virtual void attendance(const live::Attendance& news) { tell(news); }
  /// Any event of `live` to our own web process; another server does not get it.
  template <class Event>
  void tell(const Event& event) {
    emit(Event::kEvent, event.to_json());
  }
  /// The demand that holds for every camera without being asked; nothing in internal mode.
  [[nodiscard]] virtual live::CameraDemand fixed_demand() const = 0;

 protected:
  virtual void emit(std::string_view /*event*/, boost::json::object /*payload*/) {}
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
