#include "engine_client.hpp"

#include "surveillx/base/log.hpp"

#include "encoded_event.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::socketio {

namespace {

constexpr std::chrono::seconds kHandshakeTimeout{10};
constexpr std::chrono::seconds kProbeTimeout{5};
/// What may be unsent before `send` refuses more.
constexpr std::size_t kMaxUnsentBytes = 8 * 1024 * 1024;
constexpr std::size_t kMaxUnsentEvents = 4096;
/// The server's messages: as much as its own client would take.
constexpr std::size_t kMaxMessageBytes = 64 * 1024 * 1024;

}  // namespace

EngineClient::EngineClient(net::EventLoop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      poll_http_(std::make_unique<net::HttpClient>(loop)),
      post_http_(std::make_unique<net::HttpClient>(loop)),
      heartbeat_(loop),
      probe_timer_(loop) {
  while (options_.url.ends_with('/')) options_.url.pop_back();
  if (!options_.path.ends_with('/')) options_.path += '/';
}

EngineClient::~EngineClient() {
  state_ = State::closed;
  if (web_socket_) web_socket_->abort();
  if (probe_) probe_->abort();
}

std::string_view EngineClient::transport() const {
  if (state_ != State::open) return {};
  return web_socket_ ? "websocket" : "polling";
}

std::string EngineClient::address(bool web_socket) const {
  std::string url = options_.url;
  if (web_socket && url.starts_with("http")) url.replace(0, 4, "ws");
  url += options_.path;
  url += web_socket ? "?EIO=4&transport=websocket" : "?EIO=4&transport=polling";
  if (info_.sid.empty()) return url;
  url += "&sid=";
  for (const char c : info_.sid) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      url += c;
    } else {
      url += '%' + hex_encode(ByteView(&byte, 1));
    }
  }
  return url;
}

net::ClientRequest EngineClient::request(const char* method, std::string url) const {
  net::ClientRequest request;
  request.method = method;
  request.url = std::move(url);
  request.headers = options_.headers;
  request.trust = options_.trust;
  request.timeout = kHandshakeTimeout;
  return request;
}

// --- Opening -------------------------------------------------------------------------------------

void EngineClient::start() {
  state_ = State::opening;
  poll_http_->request(request("GET", address(false)),
                      [weak = weak_from_this()](const Result<net::HttpResponse>& response) {
                        const auto self = weak.lock();
                        if (!self || self->state_ != State::opening) return;
                        if (response.has_error()) return self->fail(response.error().message);
                        self->opened(response.value());
                      });
}

void EngineClient::opened(const net::HttpResponse& response) {
  if (response.status != 200) {
    return fail("the server answered the handshake with " + std::to_string(response.status));
  }
  auto packets = decode_payload(response.body.text());
  if (packets.has_error() || packets->front().type != EngineType::open) {
    return fail("the server's handshake is not Engine.IO 4");
  }
  auto info = decode_open(packets->front().text);
  if (info.has_error()) return fail(info.error().message);
  info_ = std::move(info.value());
  for (auto packet = packets->begin() + 1; packet != packets->end(); ++packet) {
    early_.push_back(packet->is_binary
                         ? encode_base64_packet(packet->binary.view())
                         : static_cast<char>(packet->type) + std::string(packet->text));
  }
  expect_ping();
  const auto& upgrades = info_.upgrades;
  if (std::find(upgrades.begin(), upgrades.end(), "websocket") == upgrades.end()) return begin();
  try_upgrade();
}

void EngineClient::try_upgrade() {
  state_ = State::probing;
  probe_timer_.start(kProbeTimeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->give_up_upgrade("no answer to the probe");
  });
  net::WebSocketOptions options;
  options.max_message_bytes = kMaxMessageBytes;
  options.ping_interval = std::chrono::milliseconds(0);  // Engine.IO has its own.
  net::ClientRequest wanted = request("GET", address(true));
  wanted.timeout = kProbeTimeout;
  net::connect_web_socket(loop_, std::move(wanted), options,
                          [weak = weak_from_this()](const Result<net::WebSocketPtr>& socket) {
                            const auto self = weak.lock();
                            if (!self || self->state_ != State::probing) {
                              if (!socket.has_error()) socket.value()->abort();
                              return;
                            }
                            if (socket.has_error())
                              return self->give_up_upgrade(socket.error().name.text());
                            self->probe(socket.value());
                          });
}

void EngineClient::probe(net::WebSocketPtr socket) {
  probe_ = std::move(socket);
  net::WebSocket* raw = probe_.get();
  probe_->on_message = [weak = weak_from_this(), raw](const SharedBytes& message, bool binary) {
    const auto self = weak.lock();
    if (!self) return;
    if (self->web_socket_.get() == raw) return self->receive(message, binary);
    if (self->probe_.get() != raw) return;
    if (binary || message.text() != "3probe") return self->give_up_upgrade("a bad answer");
    self->probe_timer_.cancel();
    self->web_socket_ = std::exchange(self->probe_, nullptr);
    self->web_socket_->send_text(SharedBytes(std::string("5")));
    self->begin();
  };
  probe_->on_close = [weak = weak_from_this(), raw](std::uint16_t, const std::string&) {
    const auto self = weak.lock();
    if (!self) return;
    if (self->web_socket_.get() == raw) return self->fail("transport close");
    if (self->probe_.get() == raw) self->give_up_upgrade("closed");
  };
  probe_->on_drained = [weak = weak_from_this(), raw] {
    const auto self = weak.lock();
    if (self && self->web_socket_.get() == raw) self->drain();
  };
  probe_->send_text(SharedBytes(std::string("2probe")));
}

void EngineClient::give_up_upgrade(std::string_view why) {
  if (state_ != State::probing) return;
  probe_timer_.cancel();
  if (const auto socket = std::exchange(probe_, nullptr)) socket->abort();
  log::info("socketio.upgrade_failed", {{"reason", why}, {"transport", "polling"}});
  begin();
}

void EngineClient::begin() {
  state_ = State::open;
  const auto self = shared_from_this();
  if (on_open) on_open();
  for (const std::string& text : std::exchange(early_, {})) {
    const auto packet = decode_packet(text);
    if (packet.has_value()) handle(packet.value());
  }
  if (state_ == State::open && !web_socket_) poll();
}

// --- Packets in ----------------------------------------------------------------------------------

void EngineClient::receive(const SharedBytes& message, bool binary) {
  if (binary) {
    EnginePacket packet;
    packet.type = EngineType::message;
    packet.is_binary = true;
    packet.binary = message;
    return handle(packet);
  }
  const auto packet = decode_packet(message.text());
  if (packet.has_error()) return fail("parse error");
  handle(packet.value());
}

void EngineClient::handle(const EnginePacket& packet) {
  if (state_ != State::open) return;
  const auto self = shared_from_this();
  switch (packet.type) {
    case EngineType::ping:
      expect_ping();
      return control("3" + std::string(packet.text));
    case EngineType::message:
      if (packet.is_binary) {
        if (on_binary) on_binary(packet.binary);
      } else if (on_text) {
        on_text(packet.text);
      }
      return;
    case EngineType::close:
      return fail("transport close");
    case EngineType::open:
      return fail("parse error");
    case EngineType::pong:
    case EngineType::upgrade:
    case EngineType::noop:
      return;
  }
}

void EngineClient::expect_ping() {
  heartbeat_.start(info_.ping_interval + info_.ping_timeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->fail("ping timeout");
  });
}

// --- Polling -------------------------------------------------------------------------------------

void EngineClient::poll() {
  net::ClientRequest wanted = request("GET", address(false));
  // The heartbeat's timer decides; this one only must not come before it.
  wanted.timeout = info_.ping_interval + info_.ping_timeout + kHandshakeTimeout;
  poll_http_->request(std::move(wanted),
                      [weak = weak_from_this()](const Result<net::HttpResponse>& response) {
                        const auto self = weak.lock();
                        if (!self || self->state_ != State::open) return;
                        if (response.has_error()) return self->fail("transport error");
                        self->polled(response.value());
                      });
}

void EngineClient::polled(const net::HttpResponse& response) {
  if (response.status != 200) return fail("transport error");
  const auto packets = decode_payload(response.body.text());
  if (packets.has_error()) return fail("parse error");
  for (const EnginePacket& packet : packets.value()) handle(packet);
  if (state_ == State::open) poll();
}

/// What is sent in one go shares one POST.
void EngineClient::post_soon() {
  if (posting_ || post_posted_) return;
  post_posted_ = true;
  loop_.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->post_posted_ = false;
    self->post();
  });
}

void EngineClient::post() {
  if (state_ != State::open || web_socket_ || posting_ || outbox_.empty()) return;
  std::string body;
  std::size_t packets = 0;
  while (const EncodedEventPtr event = outbox_.next()) {
    const std::string_view encoded = event->polling();
    if (packets > 0 && (packets + event->packets() > kMaxPacketsSent ||
                        body.size() + 1 + encoded.size() > info_.max_payload)) {
      break;
    }
    if (packets > 0) body += kSeparator;
    body += encoded;
    packets += event->packets();
    outbox_.pop();
  }
  net::ClientRequest wanted = request("POST", address(false));
  wanted.headers.set("Content-Type", "text/plain; charset=UTF-8");
  wanted.body = SharedBytes(std::move(body));
  wanted.timeout = std::max<std::chrono::milliseconds>(kHandshakeTimeout, info_.ping_timeout);
  posting_ = true;
  post_http_->request(std::move(wanted),
                      [weak = weak_from_this()](const Result<net::HttpResponse>& response) {
                        const auto self = weak.lock();
                        if (!self || self->state_ != State::open) return;
                        self->posting_ = false;
                        if (response.has_error() || response->status != 200) {
                          return self->fail("transport error");
                        }
                        self->post();
                      });
}

// --- Packets out ---------------------------------------------------------------------------------

bool EngineClient::fits(const EncodedEventPtr& event) const {
  if (!web_socket_) return event->polling().size() <= info_.max_payload;
  return event->text().size() <= info_.max_payload &&
         std::all_of(event->binaries().begin(), event->binaries().end(),
                     [this](const SharedBytes& part) { return part.size() <= info_.max_payload; });
}

bool EngineClient::send(const EncodedEventPtr& event) {
  if (state_ != State::open) return false;
  const std::size_t bytes = web_socket_ ? web_socket_->queued_bytes() : outbox_.event_bytes();
  const std::size_t count = web_socket_ ? web_socket_->queued() : outbox_.event_count();
  if (!fits(event) || bytes > kMaxUnsentBytes || count > kMaxUnsentEvents) return false;
  write(event);
  return true;
}

bool EngineClient::send_latest(std::string_view slot, const EncodedEventPtr& event) {
  if (state_ != State::open || !fits(event)) return false;
  if (web_socket_ && web_socket_->queued() == 0 && outbox_.empty()) {
    write(event);
    return true;
  }
  const bool placed = outbox_.push_latest(0, slot, event);
  if (!web_socket_) post_soon();
  return placed;
}

void EngineClient::control(std::string_view packet) {
  write(std::make_shared<const EncodedEvent>(std::string(), SharedBytes(std::string(packet)),
                                             std::vector<SharedBytes>()));
}

void EngineClient::write(const EncodedEventPtr& event) {
  if (!web_socket_) {
    outbox_.push(event);
    return post_soon();
  }
  if (!event->text().empty()) web_socket_->send_text(event->text());
  for (const SharedBytes& part : event->binaries()) web_socket_->send_binary(part);
}

void EngineClient::drain() {
  while (state_ == State::open && web_socket_->queued() == 0) {
    const EncodedEventPtr event = outbox_.next();
    if (!event) return;
    outbox_.pop();
    write(event);
  }
}

// --- The end -------------------------------------------------------------------------------------

std::shared_ptr<EngineClient> EngineClient::end() {
  state_ = State::closed;
  heartbeat_.cancel();
  probe_timer_.cancel();
  outbox_.clear();
  if (const auto socket = std::exchange(probe_, nullptr)) socket->abort();
  return shared_from_this();
}

void EngineClient::close(const EncodedEventPtr& farewell) {
  if (state_ == State::closed) return;
  const bool was_open = state_ == State::open;
  const auto self = end();
  on_close = nullptr;
  if (web_socket_) {
    if (farewell) web_socket_->send_text(farewell->text());
    web_socket_->close(1000, "");
    web_socket_.reset();
  } else if (was_open) {
    // On a connection of its own, beside a POST that may be under way. The poll stays, too: a
    // server takes its end for the end of the session.
    farewell_http_ = std::make_unique<net::HttpClient>(loop_);
    net::ClientRequest last = request("POST", address(false));
    last.headers.set("Content-Type", "text/plain; charset=UTF-8");
    std::string body;
    if (farewell) body = std::string(farewell->polling()) + kSeparator;
    last.body = SharedBytes(body + "1");
    farewell_http_->request(std::move(last), [](const Result<net::HttpResponse>&) {});
  }
}

void EngineClient::fail(std::string reason) {
  if (state_ == State::closed || state_ == State::idle) return;
  const auto self = end();
  if (const auto socket = std::exchange(web_socket_, nullptr)) socket->close(1000, "");
  if (const auto told = std::exchange(on_close, nullptr)) told(std::move(reason));
}

}  // namespace surveillx::socketio
