#include "surveillx/socketio/client.hpp"

#include "surveillx/base/log.hpp"

#include "encoded_event.hpp"
#include "engine_client.hpp"
#include "socket_codec.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

namespace surveillx::socketio {

namespace json = boost::json;

namespace {

/// To answer the CONNECT.
constexpr std::chrono::seconds kConnectTimeout{10};

/// What runs while the client is started. Shared, so that a callback may destroy the client.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Callbacks {
    std::function<void()> on_connect;
    std::function<void(std::string)> on_disconnect;
    std::function<void(std::string)> on_refused;
    std::function<void(std::string_view, const Arguments&, const Client::Ack&)> on_event;
  };

  Connection(net::EventLoop& loop, const ClientOptions& options, Callbacks callbacks)
      : loop_(loop),
        options_(options),
        callbacks_(std::move(callbacks)),
        timer_(loop),
        random_(std::random_device{}()) {}

  void connect() {
    engine_ = std::make_shared<EngineClient>(
        loop_,
        EngineClient::Options{options_.url, options_.path, options_.headers, options_.trust});
    assembler_ = Assembler();
    const std::weak_ptr<Connection> weak = weak_from_this();
    engine_->on_open = [weak] {
      if (const auto self = weak.lock()) self->opened();
    };
    engine_->on_text = [weak](std::string_view text) {
      if (const auto self = weak.lock()) self->receive(self->assembler_.add_text(text));
    };
    engine_->on_binary = [weak](SharedBytes bytes) {
      if (const auto self = weak.lock()) {
        self->receive(self->assembler_.add_binary(std::move(bytes)));
      }
    };
    engine_->on_close = [weak](std::string reason) {
      if (const auto self = weak.lock()) self->lost(std::move(reason));
    };
    engine_->start();
  }

  /// What still says goodbye, to be kept for a while; null when nothing does.
  std::shared_ptr<EngineClient> stop() {
    timer_.cancel();
    if (engine_) {
      engine_->close(
          joined_ ? encode_message(options_.name_space, encode_disconnect(options_.name_space))
                  : nullptr);
    }
    joined_ = false;
    auto leaving = std::exchange(engine_, nullptr);
    drop_acks();
    return leaving;
  }

  [[nodiscard]] bool joined() const { return joined_; }
  [[nodiscard]] std::string_view transport() const {
    return joined_ ? engine_->transport() : std::string_view();
  }

  bool emit(std::string_view event, const Arguments& arguments) {
    if (!sendable(arguments)) return false;
    return engine_->send(encode_event(options_.name_space, event, arguments));
  }

  bool emit_latest(std::string_view slot, std::string_view event, const Arguments& arguments) {
    if (!sendable(arguments)) return false;
    return engine_->send_latest(slot, encode_event(options_.name_space, event, arguments));
  }

  void emit_with_ack(std::string_view event, const Arguments& arguments,
                     std::chrono::milliseconds timeout,
                     std::function<void(std::optional<Arguments>)> done) {
    const std::uint64_t id = ++last_ack_;
    if (!sendable(arguments) ||
        !send_packet(encode_event_text(options_.name_space, event, arguments, id), arguments)) {
      loop_.post([done = std::move(done)] { done(std::nullopt); });
      return;
    }
    Waiting& waiting = acks_[id];
    waiting.done = std::move(done);
    waiting.timer = std::make_unique<net::Timer>(loop_);
    waiting.timer->start(timeout, [weak = weak_from_this(), id] {
      if (const auto self = weak.lock()) self->acknowledged(id, std::nullopt);
    });
  }

 private:
  struct Waiting {
    std::function<void(std::optional<Arguments>)> done;
    std::unique_ptr<net::Timer> timer;
  };

  [[nodiscard]] bool sendable(const Arguments& arguments) const {
    if (!joined_) return false;
    if (arguments.attachments.size() <= kMaxAttachments) return true;
    log::error("socketio.too_many_attachments", {{"count", arguments.attachments.size()}});
    return false;
  }

  bool send_packet(std::string_view text, const Arguments& arguments) {
    std::string packet(1, static_cast<char>(EngineType::message));
    packet += text;
    return engine_->send(std::make_shared<const EncodedEvent>(
        options_.name_space, SharedBytes(std::move(packet)), arguments.attachments));
  }

  void opened() {
    engine_->send(encode_message(
        options_.name_space,
        encode_connect(options_.name_space, options_.auth.empty() ? nullptr : &options_.auth)));
    timer_.start(kConnectTimeout, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && self->engine_) self->engine_->fail("connect timeout");
    });
  }

  void receive(Result<std::optional<SocketPacket>> decoded) {
    const auto self = shared_from_this();
    if (decoded.has_error()) return engine_->fail("parse error");
    if (!decoded.value()) return;
    SocketPacket& packet = *decoded.value();
    if (packet.name_space != options_.name_space) return;
    switch (packet.type) {
      case SocketType::connect:
        return connected();
      case SocketType::connect_error:
        return refused(packet.data);
      case SocketType::disconnect:
        slow_ = true;
        return engine_->fail("io server disconnect");
      case SocketType::ack:
        return acknowledged(*packet.id, std::move(packet.arguments));
      default:
        if (joined_) deliver(packet);
    }
  }

  void connected() {
    if (joined_) return;
    timer_.cancel();
    joined_ = true;
    failures_ = 0;
    log::info("socketio.client_connected",
              {{"namespace", options_.name_space}, {"transport", transport()}});
    if (callbacks_.on_connect) callbacks_.on_connect();
  }

  void refused(const json::value& data) {
    std::string message;
    if (data.is_string()) message = data.get_string();
    if (const json::object* object = data.if_object()) {
      if (const json::value* text = object->if_contains("message"); text && text->is_string()) {
        message = text->get_string();
      }
    }
    log::warn("socketio.client_refused",
              {{"namespace", options_.name_space}, {"message", message}});
    slow_ = true;
    const std::weak_ptr<EngineClient> engine = engine_;
    if (callbacks_.on_refused) callbacks_.on_refused(message);
    if (const auto same = engine.lock()) same->fail("refused");
  }

  void deliver(const SocketPacket& packet) {
    Client::Ack ack;
    if (packet.id) {
      ack = [weak = weak_from_this(), engine = std::weak_ptr(engine_), id = *packet.id,
             answered = std::make_shared<bool>(false)](const Arguments& answer) {
        const auto self = weak.lock();
        // An answer to an event of an earlier connection would be taken for another one's.
        if (!self || !self->joined_ || self->engine_ != engine.lock()) return;
        if (std::exchange(*answered, true)) return;
        self->send_packet(encode_ack_text(self->options_.name_space, id, answer), answer);
      };
    }
    callbacks_.on_event(packet.event, packet.arguments, ack);
  }

  void acknowledged(std::uint64_t id, std::optional<Arguments> answer) {
    const auto found = acks_.find(id);
    if (found == acks_.end()) return;
    const Waiting waiting = std::move(found->second);
    acks_.erase(found);
    waiting.done(std::move(answer));
  }

  void drop_acks() {
    auto acks = std::exchange(acks_, {});
    for (auto& [id, waiting] : acks) waiting.done(std::nullopt);
  }

  void lost(std::string reason) {
    const auto self = shared_from_this();
    const bool was_joined = std::exchange(joined_, false);
    engine_.reset();
    // Only what changes is worth a line: a server that is away for an hour is told once.
    if (was_joined || failures_ == 0) {
      log::warn("socketio.client_disconnected",
                {{"namespace", options_.name_space}, {"reason", reason}});
    }
    schedule();
    drop_acks();
    if (was_joined && callbacks_.on_disconnect) callbacks_.on_disconnect(std::move(reason));
  }

  void schedule() {
    auto delay = options_.reconnect_max;
    if (!std::exchange(slow_, false) && failures_ < 16) {
      delay = std::min(delay, options_.reconnect_min * (1 << failures_));
    }
    ++failures_;
    // Between half and all of it, so that many clients do not come back at the same moment.
    std::uniform_real_distribution<double> part(0.5, 1.0);
    const auto wait = std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(delay.count()) * part(random_)));
    timer_.start(wait, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->connect();
    });
  }

  net::EventLoop& loop_;
  ClientOptions options_;
  Callbacks callbacks_;
  net::Timer timer_;  ///< For the CONNECT's answer, or until the next attempt.
  std::minstd_rand random_;
  std::shared_ptr<EngineClient> engine_;
  Assembler assembler_;
  bool joined_ = false;
  bool slow_ = false;
  int failures_ = 0;
  std::map<std::uint64_t, Waiting> acks_;
  std::uint64_t last_ack_ = 0;
};

class ClientImpl final : public Client {
 public:
  ClientImpl(net::EventLoop& loop, ClientOptions options)
      : loop_(loop), options_(std::move(options)) {}
  ~ClientImpl() override { stop(); }

  void start() override {
    if (core_) return;
    leaving_.reset();
    Connection::Callbacks callbacks;
    callbacks.on_connect = on_connect;
    callbacks.on_disconnect = on_disconnect;
    callbacks.on_refused = on_refused;
    callbacks.on_event = [plain = on_event, full = on_event_with_ack](
                             std::string_view event, const Arguments& arguments, const Ack& ack) {
      if (full) return full(event, arguments, ack);
      if (plain) plain(event, arguments);
      if (ack) ack({});
    };
    core_ = std::make_shared<Connection>(loop_, options_, std::move(callbacks));
    core_->connect();
  }

  void stop() override {
    if (const auto core = std::exchange(core_, nullptr)) leaving_ = core->stop();
  }

  [[nodiscard]] bool connected() const override { return core_ && core_->joined(); }
  [[nodiscard]] std::string_view transport() const override {
    return core_ ? core_->transport() : std::string_view();
  }
  bool emit(std::string_view event, const Arguments& arguments) override {
    return core_ && core_->emit(event, arguments);
  }
  bool emit_latest(std::string_view slot, std::string_view event,
                   const Arguments& arguments) override {
    return core_ && core_->emit_latest(slot, event, arguments);
  }
  void emit_with_ack(std::string_view event, const Arguments& arguments,
                     std::chrono::milliseconds timeout,
                     std::function<void(std::optional<Arguments>)> done) override {
    if (core_) return core_->emit_with_ack(event, arguments, timeout, std::move(done));
    loop_.post([done = std::move(done)] { done(std::nullopt); });
  }

 private:
  net::EventLoop& loop_;
  ClientOptions options_;
  std::shared_ptr<Connection> core_;
  std::shared_ptr<EngineClient> leaving_;
};

}  // namespace

std::unique_ptr<Client> Client::create(net::EventLoop& loop, ClientOptions options) {
  return std::make_unique<ClientImpl>(loop, std::move(options));
}

}  // namespace surveillx::socketio
