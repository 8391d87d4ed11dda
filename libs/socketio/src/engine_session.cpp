#include "engine_session.hpp"

#include "surveillx/base/id.hpp"
#include "surveillx/base/log.hpp"

#include "encoded_event.hpp"
#include "engine_http.hpp"

#include <utility>

namespace surveillx::socketio {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kProbeTimeout{10};
/// How long a session that the server ended waits for the poll that tells the peer.
constexpr std::chrono::seconds kLinger{5};
/// A timer this late means a busy machine, and then the peer gets its whole time to answer.
constexpr std::chrono::milliseconds kLateTimer{20};

constexpr std::uint16_t kNormalClosure = 1000;
constexpr std::uint16_t kProtocolError = 1002;

const EncodedEventPtr& ping_packet() {
  static const EncodedEventPtr packet = std::make_shared<const EncodedEvent>(
      std::string(), SharedBytes(std::string(kPingPacket)), std::vector<SharedBytes>());
  return packet;
}

}  // namespace

EngineSession::EngineSession(std::shared_ptr<Context> context, net::HttpRequest request,
                             std::uint64_t serial)
    : context_(std::move(context)),
      request_(std::move(request)),
      sid_(new_uuid()),
      serial_(serial),
      max_payload_(context_->options.stranger_payload > 0 ? context_->options.stranger_payload
                                                          : context_->options.max_payload),
      heartbeat_(context_->loop),
      probe_timer_(context_->loop),
      linger_(context_->loop) {
  request_.watch.reset();
}

std::string EngineSession::open_packet() const {
  OpenInfo info;
  info.sid = sid_;
  if (polling()) info.upgrades.emplace_back("websocket");
  info.ping_interval = context_->options.ping_interval;
  info.ping_timeout = context_->options.ping_timeout;
  info.max_payload = context_->options.max_payload;
  return encode_open(info);
}

void EngineSession::start_polling(const net::HttpResponder& respond) {
  respond(polling_answer(open_packet()));
  if (state_ == State::open) schedule_ping(Clock::now() + context_->options.ping_interval);
}

void EngineSession::start_web_socket(net::WebSocketPtr socket) {
  web_socket_ = std::move(socket);
  socket_standing_ = request_.standing;
  // The session has no other transport to offer, so `upgrades` is empty.
  web_socket_->send_text(SharedBytes(open_packet()));
  if (state_ != State::open) {
    web_socket_->close(kNormalClosure, "");
    return;
  }
  attach(web_socket_);
  schedule_ping(Clock::now() + context_->options.ping_interval);
  flush();
}

void EngineSession::attach(const net::WebSocketPtr& socket) {
  // One set of handlers for both of its roles, so that none is replaced while it runs.
  net::WebSocket* raw = socket.get();
  socket->on_message = [weak = weak_from_this(), raw](const SharedBytes& message, bool binary) {
    const auto self = weak.lock();
    if (!self) return;
    if (self->web_socket_.get() == raw) {
      EnginePacket packet;
      if (binary) {
        packet.type = EngineType::message;
        packet.is_binary = true;
        packet.binary = message;
      } else {
        auto decoded = decode_packet(message.text());
        if (decoded.has_error()) return self->reject("parse error");
        packet = std::move(decoded.value());
      }
      self->handle(packet);
    } else if (self->probe_.get() == raw) {
      self->handle_probe_text(binary ? std::string_view() : message.text());
    }
  };
  socket->on_close = [weak = weak_from_this(), raw](std::uint16_t, const std::string&) {
    const auto self = weak.lock();
    if (!self) return;
    if (self->web_socket_.get() == raw) self->finish(Ending::by_peer, "transport close");
    if (self->probe_.get() == raw) self->drop_probe();
  };
  socket->on_drained = [weak = weak_from_this(), raw] {
    const auto self = weak.lock();
    if (self && self->web_socket_.get() == raw) self->flush_web_socket();
  };
}

// --- Heartbeat -----------------------------------------------------------------------------------

void EngineSession::schedule_ping(Clock::time_point due) {
  pong_due_.reset();
  ping_due_ = due;
  heartbeat_.start(std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()),
                   [weak = weak_from_this()] {
                     if (const auto self = weak.lock()) self->send_ping();
                   });
}

void EngineSession::send_ping() {
  if (state_ != State::open) return;
  const auto now = Clock::now();
  pong_due_ = (now - ping_due_ > kLateTimer ? now : ping_due_) + context_->options.ping_timeout;
  heartbeat_.start(std::chrono::ceil<std::chrono::milliseconds>(*pong_due_ - now),
                   [weak = weak_from_this()] {
                     if (const auto self = weak.lock()) self->check_heartbeat();
                   });
  queue(ping_packet());
}

void EngineSession::check_heartbeat() {
  if (state_ == State::open && pong_due_ && Clock::now() >= *pong_due_) {
    finish(Ending::by_error, "ping timeout");
  }
}

// --- Polling -------------------------------------------------------------------------------------

void EngineSession::poll(const net::HttpRequest& request, net::HttpResponder respond) {
  check_heartbeat();
  if (state_ == State::closed) return respond(engine_error(EngineRefusal::unknown_sid));
  if (pending_poll_) {
    reject("transport error");
    return respond(engine_error(EngineRefusal::bad_request));
  }
  poll_standing_ = request.standing;
  pending_poll_ = std::move(respond);
  pending_watch_ = request.watch;
  if (pending_watch_) {
    if (pending_watch_->abandoned) return finish(Ending::by_peer, "transport close");
    pending_watch_->on_abandoned = [weak = weak_from_this(), raw = request.watch.get()] {
      const auto self = weak.lock();
      if (self && self->pending_watch_.get() == raw) {
        self->finish(Ending::by_peer, "transport close");
      }
    };
  }
  flush_polling();
}

void EngineSession::begin_post(const std::shared_ptr<net::RequestWatch>& watch) {
  if (!active_post_.expired()) return reject("transport error");
  active_post_ = watch;
  if (!watch) return;
  watch->on_abandoned = [weak = weak_from_this(), raw = watch.get()] {
    const auto self = weak.lock();
    if (self && self->active_post_.lock().get() == raw) {
      self->finish(Ending::by_peer, "transport close");
    }
  };
}

void EngineSession::post(const net::HttpRequest& request, const net::HttpResponder& respond) {
  check_heartbeat();
  if (state_ != State::open) return respond(engine_error(EngineRefusal::unknown_sid));
  const auto active = active_post_.lock();
  if (active && active != request.watch) {
    reject("transport error");
    return respond(engine_error(EngineRefusal::bad_request));
  }
  active_post_.reset();
  if (request.body.size() > max_payload_) {
    // Its packets are lost, and what follows them would be out of order.
    ++context_->stats.too_large;
    reject("transport error");
    return respond(engine_error(EngineRefusal::too_large));
  }
  auto packets = decode_payload(request.body);
  if (packets.has_error()) {
    reject("parse error");
    return respond(engine_error(EngineRefusal::bad_request));
  }
  const std::uint64_t refused = context_->stats.packets_refused;
  for (const EnginePacket& packet : packets.value()) {
    if (state_ != State::open) break;
    handle(packet);
  }
  const bool rejected = state_ != State::open && context_->stats.packets_refused != refused;
  respond(rejected ? engine_error(EngineRefusal::bad_request) : polling_answer("ok"));
}

void EngineSession::answer_poll(std::string body) {
  if (pending_watch_) pending_watch_->on_abandoned = nullptr;
  pending_watch_.reset();
  const net::HttpResponder respond = std::exchange(pending_poll_, nullptr);
  if (respond) respond(polling_answer(std::move(body)));
}

// --- Upgrade -------------------------------------------------------------------------------------

void EngineSession::probe(const net::HttpRequest& request, net::WebSocketPtr socket) {
  if (state_ != State::open || !polling() || probe_) {
    socket->close(kNormalClosure, "");
    return;
  }
  probe_ = std::move(socket);
  // It may have been let in between the request and now.
  probe_->set_max_message_bytes(max_payload_);
  socket_standing_ = request.standing;
  vouch_for(request);
  probed_ = false;
  attach(probe_);
  probe_timer_.start(kProbeTimeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->drop_probe();
  });
}

void EngineSession::handle_probe_text(std::string_view text) {
  if (text == "2probe" && !probed_) {
    probe_->send_text(SharedBytes(std::string("3probe")));
    probed_ = true;
    flush();  // Lets a pending poll go.
  } else if (text == "5" && probed_) {
    complete_upgrade();
  } else {
    drop_probe();
  }
}

void EngineSession::complete_upgrade() {
  probe_timer_.cancel();
  probed_ = false;
  if (pending_poll_) answer_poll(std::string(kNoopPacket));
  web_socket_ = std::move(probe_);
  flush();
}

void EngineSession::drop_probe() {
  probe_timer_.cancel();
  probed_ = false;
  if (const auto socket = std::exchange(probe_, nullptr)) socket->close(kNormalClosure, "");
}

// --- Packets in ----------------------------------------------------------------------------------

void EngineSession::handle(const EnginePacket& packet) {
  if (state_ != State::open) return;
  const auto self = shared_from_this();
  switch (packet.type) {
    case EngineType::message:
      if (packet.is_binary) {
        if (on_binary) on_binary(packet.binary);
      } else if (on_text) {
        on_text(packet.text);
      }
      return;
    case EngineType::pong:
      if (pong_due_) schedule_ping(Clock::now() + context_->options.ping_interval);
      return;
    case EngineType::close:
      return finish(Ending::by_peer, "transport close");
    case EngineType::noop:
    case EngineType::upgrade:
      return;
    case EngineType::open:
    case EngineType::ping:
      return reject("transport error");
  }
}

// --- Being known ---------------------------------------------------------------------------------

void EngineSession::admit(std::size_t max_payload) {
  max_payload_ = max_payload;
  if (web_socket_) web_socket_->set_max_message_bytes(max_payload);
  if (probe_) probe_->set_max_message_bytes(max_payload);
  if (std::exchange(admitted_, true)) return;
  for (const auto& standing : {request_.standing, socket_standing_, poll_standing_}) {
    if (standing) standing->admit();
  }
  if (context_->admitted) context_->admitted(serial_);
}

// --- The end -------------------------------------------------------------------------------------

void EngineSession::close(std::string_view reason) { finish(Ending::by_server, reason); }

void EngineSession::reject(std::string_view reason) {
  if (state_ != State::open) return;
  ++context_->stats.packets_refused;
  log::debug("socketio.peer_rejected", {{"remote", request_.remote_address}, {"reason", reason}});
  finish(Ending::by_error, reason);
}

void EngineSession::give_way() {
  // Also one that only waits for its last poll.
  if (state_ == State::closing) state_ = State::open;
  finish(Ending::at_once, "too many sessions");
}

void EngineSession::shut_down() {
  on_text = nullptr;
  on_binary = nullptr;
  on_close = nullptr;
  if (state_ == State::closing) state_ = State::open;
  finish(Ending::by_error, "server shutting down");
}

void EngineSession::finish(Ending ending, std::string_view reason) {
  if (state_ != State::open) return;
  const auto self = shared_from_this();
  heartbeat_.cancel();
  drop_probe();
  if (on_close) {
    // Not from inside a call of the application, which may be going through its sockets.
    context_->loop.post([self, why = std::string(reason)] {
      if (self->on_close) self->on_close(why);
      self->on_close = nullptr;
      self->on_text = nullptr;
      self->on_binary = nullptr;
    });
  }
  if (polling() && ending == Ending::by_server) {
    state_ = State::closing;
    linger_.start(kLinger, [weak = weak_from_this()] {
      const auto late = weak.lock();
      if (!late) return;
      late->state_ = State::closed;
      late->context_->forget(late->sid_);
    });
    return flush_polling();
  }
  state_ = State::closed;
  linger_.cancel();
  outbox_.clear();
  if (pending_poll_) {
    answer_poll(std::string(ending == Ending::by_peer ? kNoopPacket : kClosePacket));
  }
  if (web_socket_) {
    if (ending == Ending::at_once) {
      web_socket_->abort();
    } else {
      web_socket_->close(ending == Ending::by_error ? kProtocolError : kNormalClosure, reason);
    }
  }
  context_->forget(sid_);
}

}  // namespace surveillx::socketio
