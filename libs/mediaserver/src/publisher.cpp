#include "publisher.hpp"

#include <boost/json/object.hpp>

#include "legacy_payloads.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/config/hide_password.hpp"
#include "surveillx/socketio/client.hpp"

namespace surveillx::mediaserver {
namespace {

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
  ClientPublisher(net::EventLoop& loop, socketio::ClientOptions options, const std::string& url,
                  PublisherEvents events, telemetry::Metrics& metrics)
      : url_(config::hide_password(url)), events_(std::move(events)), counters_(metrics) {
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

  void send(std::string_view event, boost::json::object object) {
    if (!client_->emit(event, socketio::one_object(std::move(object)))) counters_.unsent.add();
  }
  void send_frame(const live::Frame& frame, const socketio::Arguments& arguments) {
    if (!client_->connected()) return;
    const std::string slot = frame.camera_id.str() + "/" + std::to_string(frame.width);
    counters_.sent.add();
    if (!client_->emit_latest(slot, live::Frame::kEvent, arguments)) counters_.replaced.add();
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

  void frame(const domain::Camera&, const live::Frame& frame) override {
    socketio::Arguments arguments;
    auto picture = socketio::attach(arguments, frame.jpeg);
    arguments.args.emplace_back(frame.to_json(std::move(picture)));
    send_frame(frame, arguments);
  }
  void detection(const domain::Camera&, const live::Detection& detection) override {
    tell(detection);
  }
  [[nodiscard]] live::CameraDemand fixed_demand() const override { return {}; }

 private:
  void emit(std::string_view event, boost::json::object payload) override {
    send(event, std::move(payload));
  }

  void received(std::string_view event, const socketio::Arguments& arguments) override {
    const auto* object = socketio::only_object(arguments);
    const auto taken =
        object != nullptr
            ? events().received(event, *object)
            : Result<void>(Error{live::kMalformed, "the argument is not one object"});
    if (taken) return;
    log::warn("publish.event_not_taken", {{"event", event}, {"error", taken.error().message}});
  }
};

/// contracts/socketio.md, legacy publishing: a plain client of another server; what comes back is ignored.
class LegacyPublisher final : public ClientPublisher {
 public:
  LegacyPublisher(net::EventLoop& loop, socketio::ClientOptions options, std::string url,
                  PublisherEvents events, telemetry::Metrics& metrics, config::Publish publish)
      : ClientPublisher(loop, std::move(options), url, std::move(events), metrics),
        publish_(std::move(publish)) {}

  void frame(const domain::Camera& camera, const live::Frame& frame) override {
    send_frame(frame, socketio::one_object(legacy_frame(camera, frame)));
  }
  void detection(const domain::Camera& camera, const live::Detection& detection) override {
    if (publish_.detections) send(live::Detection::kEvent, legacy_detection(camera, detection));
  }
  [[nodiscard]] live::CameraDemand fixed_demand() const override {
    return {publish_.fps, {publish_.width}};
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
  live::MediaHello hello;
  hello.version = options.version;
  hello.node = options.node;
  hello.engine = options.engine;
  for (auto& member : hello.to_json()) client.auth[member.key()] = std::move(member.value());
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
