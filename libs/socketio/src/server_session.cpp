#include "server_session.hpp"

#include "encoded_event.hpp"
#include "server_socket.hpp"

#include <utility>

namespace surveillx::socketio {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxNamespacesPerSession = 16;
/// Attachments are messages of their own, each up to the payload limit; together they are bounded
/// by this many times it, so that one packet cannot take any amount of memory.
constexpr std::size_t kMaxPayloadsPerPacket = 4;

}  // namespace

ServerSession::ServerSession(net::EventLoop& l, std::shared_ptr<EngineSocket> e,
                             const Limits& bounds, const Namespaces* n,
                             std::shared_ptr<EngineStats> counts)
    : loop(l),
      engine(std::move(e)),
      limits(bounds),
      namespaces(n),
      stats(std::move(counts)),
      connect_timer(l),
      assembler(kMaxPayloadsPerPacket * bounds.max_payload) {}

void ServerSession::start_connect_timer() {
  connect_timer.start(limits.connect_timeout, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->engine->open()) return;
    ++self->stats->not_admitted_in_time;
    self->engine->close("connect timeout");
  });
}

void ServerSession::receive(Result<std::optional<SocketPacket>> decoded) {
  if (decoded.has_error()) return engine->reject("parse error");
  if (!decoded.value()) {
    // Attachments are missing. What has not been let in may not make us keep any.
    const auto& name = assembler.waiting()->name_space;
    const auto place = places.find(name);
    const bool inside = place != places.end() && place->second.socket;
    if (!inside && !left_by_server.contains(name)) engine->reject("parse error");
    return;
  }
  SocketPacket& packet = *decoded.value();
  if (packet.type == SocketType::connect) return connect(std::move(packet));
  const auto found = places.find(packet.name_space);
  if (found == places.end()) {
    if (left_by_server.contains(packet.name_space)) return;
    return engine->reject("parse error");
  }
  if (packet.type == SocketType::disconnect) return leave(packet.name_space, false);
  const auto socket = found->second.socket;
  // Neither may anything else come before the CONNECT is answered, nor this from a client.
  if (!socket || packet.type == SocketType::connect_error) return engine->reject("parse error");
  socket->receive(packet);
}

void ServerSession::connect(SocketPacket packet) {
  const std::string& name = packet.name_space;
  if (namespaces == nullptr) return;
  const auto opened = namespaces->find(name);
  const char* problem =
      opened == namespaces->end() ? "Invalid namespace"
      : places.contains(name)     ? "Already connected"
      : places.size() >= kMaxNamespacesPerSession || unasked.size() >= kMaxNamespacesPerSession
          ? "Too many namespaces"
          : nullptr;
  if (problem != nullptr) {
    engine->send(encode_message(name, encode_connect_error(name, problem)));
    return count_refusal();
  }
  left_by_server.erase(name);
  const std::uint32_t owner = ++last_owner;
  places[name] = {owner, nullptr};
  Waiting next{name, owner, {}};
  if (packet.data.is_object()) next.auth = std::move(packet.data.get_object());
  if (asked != 0) {
    unasked.push_back(std::move(next));
  } else {
    ask(std::move(next));
  }
}

void ServerSession::ask(Waiting next) {
  const auto opened = namespaces->find(next.name);
  const std::string name = std::move(next.name);
  const std::uint32_t owner = next.owner;
  asked = owner;
  Handshake handshake;
  handshake.auth = std::move(next.auth);
  handshake.request = engine->request();
  Server::Admission admission;
  admission.accept = [weak = weak_from_this(), &l = loop, name, owner, handshake]() -> SocketPtr {
    if (const auto self = weak.lock()) {
      auto socket = self->admit(name, owner, handshake);
      self->answered(owner);
      return socket;
    }
    return std::make_shared<ServerSocket>(weak, l, name, owner, handshake);
  };
  admission.refuse = [weak = weak_from_this(), name, owner](const std::string& message) {
    const auto self = weak.lock();
    if (!self) return;
    self->refuse(name, owner, message);
    self->answered(owner);
  };
  admission.handshake = std::move(handshake);
  opened->second(std::move(admission));
}

/// The next one's turn. Left places are not asked about.
void ServerSession::answered(std::uint32_t owner) {
  if (asked != owner) return;
  asked = 0;
  while (asked == 0 && !unasked.empty() && engine->open() && namespaces != nullptr) {
    Waiting next = std::move(unasked.front());
    unasked.pop_front();
    const auto place = places.find(next.name);
    if (place != places.end() && place->second.owner == next.owner) ask(std::move(next));
  }
}

/// Who is let in nowhere gets no more than a few tries: each costs a look-up.
void ServerSession::count_refusal() {
  ++stats->connects_refused;
  if (engine->admitted() || ++refusals < limits.max_refusals) return;
  ++stats->refused_too_often;
  engine->close("refused too often");
}

SocketPtr ServerSession::admit(const std::string& name, std::uint32_t owner, Handshake handshake) {
  auto socket =
      std::make_shared<ServerSocket>(weak_from_this(), loop, name, owner, std::move(handshake));
  const auto found = places.find(name);
  const bool waiting =
      found != places.end() && found->second.owner == owner && !found->second.socket;
  if (waiting && engine->open()) {
    found->second.socket = socket;
    connect_timer.cancel();
    // Only what a namespace let in is somebody known.
    engine->admit(limits.max_payload);
    socket->join();
  } else {
    socket->drop_handlers_later();
  }
  return socket;
}

void ServerSession::refuse(const std::string& name, std::uint32_t owner,
                           const std::string& message) {
  const auto found = places.find(name);
  if (found == places.end() || found->second.owner != owner || found->second.socket) return;
  places.erase(found);
  engine->send(encode_message(name, encode_connect_error(name, message)));
  count_refusal();
}

void ServerSession::leave(const std::string& name, bool by_server) {
  const auto found = places.find(name);
  if (found == places.end()) return;
  const auto socket = std::move(found->second.socket);
  places.erase(found);
  if (by_server) {
    left_by_server.insert(socket->name_space());
    engine->send(encode_message(socket->name_space(), encode_disconnect(socket->name_space())));
  }
  if (!socket) return count_refusal();  // Gone before it was answered, which was asked for.
  socket->left(by_server ? "server namespace disconnect" : "client namespace disconnect");
  // A session without a namespace is of no use to anybody.
  if (places.empty() && engine->open()) start_connect_timer();
}

void ServerSession::disconnect_all() {
  while (true) {
    std::string name;
    for (const auto& [candidate, place] : places) {
      if (place.socket) name = candidate;
    }
    if (name.empty()) break;
    leave(name, true);
  }
  engine->close("forced server close");
}

void ServerSession::lost(std::string_view reason) {
  connect_timer.cancel();
  const auto ended = std::exchange(places, {});
  for (const auto& [name, place] : ended) {
    if (place.socket) place.socket->left(std::string(reason).c_str());
  }
}

}  // namespace surveillx::socketio
