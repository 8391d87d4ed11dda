#include "server_socket.hpp"

#include "surveillx/base/id.hpp"
#include "surveillx/base/log.hpp"

#include "encoded_event.hpp"
#include "engine_codec.hpp"
#include "server_session.hpp"

#include <utility>

namespace surveillx::socketio {

namespace json = boost::json;

ServerSocket::ServerSocket(std::weak_ptr<ServerSession> session, net::EventLoop& loop,
                           std::string name_space, std::uint32_t owner, Handshake handshake)
    : session_(std::move(session)),
      loop_(loop),
      name_space_(std::move(name_space)),
      owner_(owner),
      id_(new_uuid()),
      handshake_(std::move(handshake)) {}

void ServerSocket::limit_payload(std::size_t bytes) {
  if (const auto session = session_.lock()) session->engine->admit(bytes);
}

void ServerSocket::join() {
  connected_ = true;
  const json::object payload{{"sid", id_}};
  send(encode_message(name_space_, encode_connect(name_space_, &payload)));
}

void ServerSocket::on(std::string event, Handler handler) {
  handlers_[std::move(event)] = std::make_shared<const Handler>(std::move(handler));
}

void ServerSocket::on_disconnect(std::function<void(std::string_view)> handler) {
  disconnect_handlers_.push_back(std::move(handler));
}

void ServerSocket::emit(const EncodedEventPtr& event) {
  if (fits(event)) send(event);
}

bool ServerSocket::emit_latest(std::string_view slot, const EncodedEventPtr& event) {
  const auto session = session_.lock();
  if (!fits(event) || !session) return true;
  return session->engine->send_latest(owner_, slot, event);
}

void ServerSocket::drop_latest(std::string_view slot) {
  if (const auto session = session_.lock()) session->engine->drop_latest(owner_, slot);
}

void ServerSocket::emit_with_ack(std::string_view event, const Arguments& arguments,
                                 std::chrono::milliseconds timeout,
                                 std::function<void(std::optional<Arguments>)> done) {
  if (!connected_) {
    loop_.post([done = std::move(done)] { done(std::nullopt); });
    return;
  }
  const std::uint64_t id = ++last_ack_;
  Waiting& waiting = acks_[id];
  waiting.done = std::move(done);
  waiting.timer = std::make_unique<net::Timer>(loop_);
  waiting.timer->start(timeout, [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->acknowledged(id, std::nullopt);
  });
  send_packet(encode_event_text(name_space_, event, arguments, id), arguments.attachments);
}

void ServerSocket::disconnect(bool close_connection) {
  const auto session = session_.lock();
  if (!session || !connected_) return;
  session->leave(name_space_, true);
  if (close_connection) session->disconnect_all();
}

void ServerSocket::receive(const SocketPacket& packet) {
  if (packet.type == SocketType::ack) {
    return acknowledged(*packet.id, packet.arguments);
  }
  const auto found = handlers_.find(packet.event);
  Ack ack;
  if (packet.id) {
    ack = [weak = weak_from_this(), id = *packet.id,
           answered = std::make_shared<bool>(false)](const Arguments& answer) {
      const auto self = weak.lock();
      if (!self || std::exchange(*answered, true)) return;
      self->send_packet(encode_ack_text(self->name_space_, id, answer), answer.attachments);
    };
  }
  if (found != handlers_.end()) {
    const auto handler = found->second;  // It may be replaced while it runs.
    (*handler)(packet.arguments, ack);
  } else if (ack) {
    // The documents ask for an acknowledgement of every event that carries an id.
    ack({});
  }
}

void ServerSocket::left(const char* reason) {
  if (!connected_) return;
  connected_ = false;
  if (const auto session = session_.lock()) session->engine->drop_latest(owner_);
  const auto acks = std::make_shared<std::map<std::uint64_t, Waiting>>(std::move(acks_));
  acks_.clear();
  if (reason == nullptr) return forget_handlers();
  loop_.post([self = shared_from_this(), acks, why = std::string(reason)] {
    for (auto& [id, waiting] : *acks) waiting.done(std::nullopt);
    for (const auto& handler : self->disconnect_handlers_) handler(why);
    self->forget_handlers();
  });
}

void ServerSocket::drop_handlers_later() {
  loop_.post([self = shared_from_this()] { self->forget_handlers(); });
}

/// Handlers often hold the socket that holds them.
void ServerSocket::forget_handlers() {
  handlers_.clear();
  disconnect_handlers_.clear();
}

bool ServerSocket::fits(const EncodedEventPtr& event) const {
  if (!connected_ || !event) return false;
  if (event->name_space() == name_space_) return true;
  log::error("socketio.wrong_namespace", {{"socket", name_space_}, {"event", event->name_space()}});
  return false;
}

void ServerSocket::send(const EncodedEventPtr& event) {
  const auto session = session_.lock();
  if (connected_ && session) session->engine->send(event);
}

void ServerSocket::send_packet(std::string_view text, std::vector<SharedBytes> attachments) {
  std::string packet(1, static_cast<char>(EngineType::message));
  packet += text;
  send(std::make_shared<const EncodedEvent>(name_space_, SharedBytes(std::move(packet)),
                                            std::move(attachments)));
}

void ServerSocket::acknowledged(std::uint64_t id, std::optional<Arguments> answer) {
  const auto found = acks_.find(id);
  if (found == acks_.end()) return;  // Too late, or never asked for.
  const Waiting waiting = std::move(found->second);
  acks_.erase(found);
  waiting.done(std::move(answer));
}

}  // namespace surveillx::socketio
