#include "publisher.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "surveillx/base/log.hpp"
#include "surveillx/socketio/client.hpp"

namespace surveillx::mediaserver {
namespace {

namespace json = boost::json;

struct Counters {
  telemetry::Counter sent;
  telemetry::Counter replaced;
  telemetry::Counter unsent;

  explicit Counters(telemetry::Metrics& metrics)
      : sent(metrics.counter("media_frames_published_total", "Frames handed to the publisher")),
        replaced(metrics.counter("media_frames_replaced_total",
                                 "Frames that replaced one the receiver had not taken yet")),
        unsent(metrics.counter("media_events_unsent_total",
                               "Events dropped because the receiver was not connected")) {}
};

/// What both kinds share: the client, its log lines and its counters.
class ClientPublisher : public Publisher {
 public:
  ClientPublisher(net::EventLoop& loop, socketio::ClientOptions options, std::string url,
                  PublisherEvents events, telemetry::Metrics& metrics)
      : url_(std::move(url)), events_(std::move(events)), counters_(metrics) {
    client_ = socketio::Client::create(loop, std::move(options));
    client_->on_connect = [this] {
      log::info("publish.connected", {{"url", url_}, {"transport", client_->transport()}});
      if (events_.on_connect) events_.on_connect();
    };
    client_->on_disconnect = [this](const std::string& reason) {
      log::warn("publish.disconnected", {{"url", url_}, {"reason", reason}});
      if (events_.on_disconnect) events_.on_disconnect();
    };
    client_->on_refused = [this](const std::string& message) {
      log::error("publish.refused", {{"url", url_}, {"message", message}});
    };
    client_->on_event = [this](std::string_view event, const socketio::Arguments& arguments) {
      received(event, arguments);
    };
  }

  void start() override { client_->start(); }
  void stop() override { client_->stop(); }
  [[nodiscard]] bool connected() const override { return client_->connected(); }

 protected:
  virtual void received(std::string_view event, const socketio::Arguments& arguments) = 0;

  void send(std::string_view event, const socketio::Arguments& arguments) {
    if (!client_->emit(event, arguments)) counters_.unsent.add();
  }
  void send_frame(const EncodedFrame& frame, const socketio::Arguments& arguments) {
    if (!client_->connected()) return;
    const std::string slot = frame.camera.str() + "/" + std::to_string(frame.size.width);
    counters_.sent.add();
    if (!client_->emit_latest(slot, "frame", arguments)) counters_.replaced.add();
  }
  [[nodiscard]] const PublisherEvents& events() const { return events_; }

 private:
  std::string url_;
  PublisherEvents events_;
  Counters counters_;
  std::unique_ptr<socketio::Client> client_;
};

class InternalPublisher final : public ClientPublisher {
 public:
  using ClientPublisher::ClientPublisher;

  void frame(const EncodedFrame& frame) override { send_frame(frame, frame_payload(frame)); }
  void detection(const Detection& detection) override {
    send("detection", detection_payload(detection));
  }
  void camera(const CameraReport& report) override { send("camera", camera_payload(report)); }
  void attendance(const AttendanceNews& news) override {
    send("attendance", attendance_payload(news));
  }
  [[nodiscard]] Demand fixed_demand() const override { return {}; }

 private:
  void received(std::string_view event, const socketio::Arguments& arguments) override {
    if (event == "gallery") {
      if (events().on_gallery) events().on_gallery();
    } else if (event == "demand" && !arguments.args.empty()) {
      auto demand = parse_demand(arguments.args.front());
      if (!demand) {
        log::warn("publish.bad_demand", {{"error", demand.error().message}});
      } else if (events().on_demand) {
        events().on_demand(std::move(*demand));
      }
    }
  }
};

/// contracts/socketio.md, legacy publishing: a plain client of another server; what comes back is ignored.
class LegacyPublisher final : public ClientPublisher {
 public:
  LegacyPublisher(net::EventLoop& loop, socketio::ClientOptions options, std::string url,
                  PublisherEvents events, telemetry::Metrics& metrics, config::Publish publish)
      : ClientPublisher(loop, std::move(options), std::move(url), std::move(events), metrics),
        publish_(std::move(publish)) {}

  void frame(const EncodedFrame& frame) override { send_frame(frame, legacy_frame_payload(frame)); }
  void detection(const Detection& detection) override {
    if (publish_.detections) send("detection", legacy_detection_payload(detection));
  }
  void camera(const CameraReport&) override {}
  void attendance(const AttendanceNews&) override {}
  [[nodiscard]] Demand fixed_demand() const override {
    return Demand{publish_.fps, {publish_.width}};
  }

 private:
  void received(std::string_view, const socketio::Arguments&) override {}

  config::Publish publish_;
};

socketio::ClientOptions client_options(const PublisherOptions& options) {
  socketio::ClientOptions client;
  client.url = options.url;
  client.trust = options.trust;
  if (!options.token.empty()) client.auth["token"] = options.token;
  return client;
}

}  // namespace

std::unique_ptr<Publisher> make_internal_publisher(net::EventLoop& loop, PublisherOptions options,
                                                   PublisherEvents events,
                                                   telemetry::Metrics& metrics) {
  auto client = client_options(options);
  // Shown with the first request already, so that a crowd of strangers does not keep media out.
  if (!options.token.empty()) client.headers.set("Authorization", "Bearer " + options.token);
  client.auth["version"] = options.version;
  client.auth["engine"] = json::object{{"name", options.engine.name},
                                       {"model", options.engine.model},
                                       {"trial", options.engine.trial},
                                       {"notice", options.engine.notice}};
  return std::make_unique<InternalPublisher>(loop, std::move(client), options.url,
                                             std::move(events), metrics);
}

std::unique_ptr<Publisher> make_legacy_publisher(net::EventLoop& loop, PublisherOptions options,
                                                 PublisherEvents events,
                                                 telemetry::Metrics& metrics) {
  return std::make_unique<LegacyPublisher>(loop, client_options(options), options.url,
                                           std::move(events), metrics, options.publish);
}

}  // namespace surveillx::mediaserver
