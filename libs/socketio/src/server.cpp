#include "surveillx/socketio/server.hpp"

#include "surveillx/base/id.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/socketio/engine_server.hpp"

#include "encoded_event.hpp"
#include "engine_codec.hpp"
#include "socket_codec.hpp"

#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace surveillx::socketio {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxNamespacesPerSession = 16;
/// Attachments are messages of their own, each up to the payload limit; together they are bounded
/// by this many times it, so that one packet cannot take any amount of memory.
constexpr std::size_t kMaxPayloadsPerPacket = 4;

class SocketImpl;

/// What the places of one Engine.IO session share.
struct Connection : std::enable_shared_from_this<Connection> {
  /// A namespace that the peer joined, or asked to join and waits for the answer (`socket` null).
  struct Place {
    std::uint32_t owner = 0;
    std::shared_ptr<SocketImpl> socket;
  };

  /// A CONNECT that waits for its turn to be asked about.
  struct Waiting {
    std::string name;
    std::uint32_t owner = 0;
    json::object auth;
  };
  /// What the connections of a server share.
  struct Limits {
    std::chrono::milliseconds connect_timeout{};
    int max_refusals = 0;
    std::size_t max_payload = 0;
  };

  Connection(net::EventLoop& l, std::shared_ptr<EngineSocket> e, const Limits& bounds,
             const std::map<std::string, std::function<void(Server::Admission)>, std::less<>>* n,
             std::shared_ptr<EngineStats> counts)
      : loop(l),
        engine(std::move(e)),
        limits(bounds),
        namespaces(n),
        stats(std::move(counts)),
        connect_timer(l),
        assembler(kMaxPayloadsPerPacket * bounds.max_payload) {}

  void start_connect_timer();
  void receive(Result<std::optional<SocketPacket>> packet);
  void connect(SocketPacket packet);
  void ask(Waiting waiting);
  void answered(std::uint32_t owner);
  void count_refusal();
  [[nodiscard]] SocketPtr admit(const std::string& name, std::uint32_t owner, Handshake handshake);
  void refuse(const std::string& name, std::uint32_t owner, const std::string& message);
  void leave(const std::string& name, bool by_server);
  void disconnect_all();
  void lost(std::string_view reason);

  net::EventLoop& loop;
  std::shared_ptr<EngineSocket> engine;
  Limits limits;
  /// Null once the server is gone.
  const std::map<std::string, std::function<void(Server::Admission)>, std::less<>>* namespaces;
  std::shared_ptr<EngineStats> stats;
  net::Timer connect_timer;
  Assembler assembler;
  std::map<std::string, Place> places;
  /// Namespaces that our side left: packets that crossed our DISCONNECT are no mistake.
  std::set<std::string> left_by_server;
  std::uint32_t last_owner = 0;
  /// The CONNECT that the application has not answered yet; 0: none.
  std::uint32_t asked = 0;
  std::deque<Waiting> unasked;
  int refusals = 0;
};

class SocketImpl final : public Socket, public std::enable_shared_from_this<SocketImpl> {
 public:
  SocketImpl(std::weak_ptr<Connection> connection, net::EventLoop& loop, std::string name_space,
             std::uint32_t owner, Handshake handshake)
      : connection_(std::move(connection)),
        loop_(loop),
        name_space_(std::move(name_space)),
        owner_(owner),
        id_(new_uuid()),
        handshake_(std::move(handshake)) {}

  [[nodiscard]] const std::string& id() const override { return id_; }
  [[nodiscard]] const Handshake& handshake() const override { return handshake_; }
  [[nodiscard]] bool connected() const override { return connected_; }
  [[nodiscard]] const std::string& name_space() const { return name_space_; }
  void limit_payload(std::size_t bytes) override {
    if (const auto connection = connection_.lock()) connection->engine->admit(bytes);
  }

  void join() {
    connected_ = true;
    const json::object payload{{"sid", id_}};
    send(encode_message(name_space_, encode_connect(name_space_, &payload)));
  }

  void on(std::string event, Handler handler) override {
    handlers_[std::move(event)] = std::make_shared<const Handler>(std::move(handler));
  }
  void on_disconnect(std::function<void(std::string_view)> handler) override {
    disconnect_handlers_.push_back(std::move(handler));
  }

  void emit(const EncodedEventPtr& event) override {
    if (fits(event)) send(event);
  }

  bool emit_latest(std::string_view slot, const EncodedEventPtr& event) override {
    const auto connection = connection_.lock();
    if (!fits(event) || !connection) return true;
    return connection->engine->send_latest(owner_, slot, event);
  }

  void emit_with_ack(std::string_view event, const Arguments& arguments,
                     std::chrono::milliseconds timeout,
                     std::function<void(std::optional<Arguments>)> done) override {
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

  void disconnect(bool close_connection) override {
    const auto connection = connection_.lock();
    if (!connection || !connected_) return;
    connection->leave(name_space_, true);
    if (close_connection) connection->disconnect_all();
  }

  void receive(const SocketPacket& packet) {
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

  /// The end of the membership. Handlers are told later, on the loop: this may run inside a call of
  /// the application. Null `reason`: nobody is told, the server goes away.
  void left(const char* reason) {
    if (!connected_) return;
    connected_ = false;
    if (const auto connection = connection_.lock()) connection->engine->drop_latest(owner_);
    const auto acks = std::make_shared<std::map<std::uint64_t, Waiting>>(std::move(acks_));
    acks_.clear();
    if (reason == nullptr) return forget_handlers();
    loop_.post([self = shared_from_this(), acks, why = std::string(reason)] {
      for (auto& [id, waiting] : *acks) waiting.done(std::nullopt);
      for (const auto& handler : self->disconnect_handlers_) handler(why);
      self->forget_handlers();
    });
  }

  void drop_handlers_later() {
    loop_.post([self = shared_from_this()] { self->forget_handlers(); });
  }

 private:
  struct Waiting {
    std::function<void(std::optional<Arguments>)> done;
    std::unique_ptr<net::Timer> timer;
  };

  /// Handlers often hold the socket that holds them.
  void forget_handlers() {
    handlers_.clear();
    disconnect_handlers_.clear();
  }

  [[nodiscard]] bool fits(const EncodedEventPtr& event) const {
    if (!connected_ || !event) return false;
    if (event->name_space() == name_space_) return true;
    log::error("socketio.wrong_namespace",
               {{"socket", name_space_}, {"event", event->name_space()}});
    return false;
  }

  void send(const EncodedEventPtr& event) {
    const auto connection = connection_.lock();
    if (connected_ && connection) connection->engine->send(event);
  }

  void send_packet(std::string_view text, std::vector<SharedBytes> attachments) {
    std::string packet(1, static_cast<char>(EngineType::message));
    packet += text;
    send(std::make_shared<const EncodedEvent>(name_space_, SharedBytes(std::move(packet)),
                                              std::move(attachments)));
  }

  void acknowledged(std::uint64_t id, std::optional<Arguments> answer) {
    const auto found = acks_.find(id);
    if (found == acks_.end()) return;  // Too late, or never asked for.
    const Waiting waiting = std::move(found->second);
    acks_.erase(found);
    waiting.done(std::move(answer));
  }

  std::weak_ptr<Connection> connection_;
  net::EventLoop& loop_;
  std::string name_space_;
  std::uint32_t owner_;
  std::string id_;
  Handshake handshake_;
  bool connected_ = false;
  std::unordered_map<std::string, std::shared_ptr<const Handler>> handlers_;
  std::vector<std::function<void(std::string_view)>> disconnect_handlers_;
  std::map<std::uint64_t, Waiting> acks_;
  std::uint64_t last_ack_ = 0;
};

void Connection::start_connect_timer() {
  connect_timer.start(limits.connect_timeout, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->engine->open()) return;
    ++self->stats->not_admitted_in_time;
    self->engine->close("connect timeout");
  });
}

void Connection::receive(Result<std::optional<SocketPacket>> decoded) {
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

void Connection::connect(SocketPacket packet) {
  const std::string& name = packet.name_space;
  if (namespaces == nullptr) return;
  const auto opened = namespaces->find(name);
  const char* problem = opened == namespaces->end()                 ? "Invalid namespace"
                        : places.contains(name)                     ? "Already connected"
                        : places.size() >= kMaxNamespacesPerSession ||
                                unasked.size() >= kMaxNamespacesPerSession
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

void Connection::ask(Waiting next) {
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
    return std::make_shared<SocketImpl>(weak, l, name, owner, handshake);
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
void Connection::answered(std::uint32_t owner) {
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
void Connection::count_refusal() {
  ++stats->connects_refused;
  if (engine->admitted() || ++refusals < limits.max_refusals) return;
  ++stats->refused_too_often;
  engine->close("refused too often");
}

SocketPtr Connection::admit(const std::string& name, std::uint32_t owner, Handshake handshake) {
  auto socket =
      std::make_shared<SocketImpl>(weak_from_this(), loop, name, owner, std::move(handshake));
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

void Connection::refuse(const std::string& name, std::uint32_t owner, const std::string& message) {
  const auto found = places.find(name);
  if (found == places.end() || found->second.owner != owner || found->second.socket) return;
  places.erase(found);
  engine->send(encode_message(name, encode_connect_error(name, message)));
  count_refusal();
}

void Connection::leave(const std::string& name, bool by_server) {
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

void Connection::disconnect_all() {
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

void Connection::lost(std::string_view reason) {
  connect_timer.cancel();
  const auto ended = std::exchange(places, {});
  for (const auto& [name, place] : ended) {
    if (place.socket) place.socket->left(std::string(reason).c_str());
  }
}

class ServerImpl final : public Server {
 public:
  ServerImpl(net::EventLoop& loop, ServerOptions options)
      : loop_(loop),
        limits_{options.connect_timeout, options.max_refusals, options.max_payload},
        engine_(EngineServer::create(loop, std::move(options))) {
    engine_->on_connection = [this](const std::shared_ptr<EngineSocket>& socket) {
      welcome(socket);
    };
  }

  ~ServerImpl() override {
    engine_.reset();  // Before what its sessions' handlers refer to.
    for (const auto& [key, connection] : *connections_) {
      connection->namespaces = nullptr;
      connection->connect_timer.cancel();
      for (const auto& [name, place] : connection->places) {
        if (place.socket) place.socket->left(nullptr);
      }
      connection->places.clear();
    }
  }

  void mount(net::Router& router) override { engine_->mount(router); }

  void open_namespace(std::string name, std::function<void(Admission)> on_connect) override {
    namespaces_[std::move(name)] = std::move(on_connect);
  }

  [[nodiscard]] Stats stats() const override {
    Stats stats = engine_->stats();
    stats.not_admitted_in_time = stats_->not_admitted_in_time;
    stats.connects_refused = stats_->connects_refused;
    stats.refused_too_often = stats_->refused_too_often;
    return stats;
  }

 private:
  using Connections = std::unordered_map<EngineSocket*, std::shared_ptr<Connection>>;

  void welcome(const std::shared_ptr<EngineSocket>& socket) {
    auto connection =
        std::make_shared<Connection>(loop_, socket, limits_, &namespaces_, stats_);
    const std::weak_ptr<Connection> weak = connection;
    socket->on_text = [weak](std::string_view text) {
      if (const auto self = weak.lock()) self->receive(self->assembler.add_text(text));
    };
    socket->on_binary = [weak](SharedBytes bytes) {
      if (const auto self = weak.lock()) {
        self->receive(self->assembler.add_binary(std::move(bytes)));
      }
    };
    socket->on_close = [weak, raw = socket.get(),
                        all = std::weak_ptr(connections_)](std::string_view reason) {
      if (const auto self = weak.lock()) self->lost(reason);
      if (const auto connections = all.lock()) connections->erase(raw);
    };
    connection->start_connect_timer();
    (*connections_)[socket.get()] = std::move(connection);
  }

  net::EventLoop& loop_;
  Connection::Limits limits_;
  std::shared_ptr<EngineStats> stats_ = std::make_shared<EngineStats>();
  std::map<std::string, std::function<void(Admission)>, std::less<>> namespaces_;
  std::shared_ptr<Connections> connections_ = std::make_shared<Connections>();
  std::unique_ptr<EngineServer> engine_;
};

}  // namespace

std::unique_ptr<Server> Server::create(net::EventLoop& loop, ServerOptions options) {
  return std::make_unique<ServerImpl>(loop, std::move(options));
}

}  // namespace surveillx::socketio
