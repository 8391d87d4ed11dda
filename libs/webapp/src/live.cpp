#include "live.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/live/gallery.hpp"

#include "live_metrics.hpp"
#include "scope_of.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace surveillx::webapp {
namespace {

constexpr const char* kNamespace = "/stream";

/// Of media: a 1280 px JPEG stays far below.
constexpr std::size_t kMaxPayload = 2 * 1024 * 1024;
/// Of a viewer, who sends no more than its wishes.
constexpr std::size_t kViewerPayload = 64 * 1024;
constexpr std::size_t kMaxSessions = 2'000;
constexpr std::size_t kMaxSessionsPerAddress = 1'000;
/// Whoever has media's token may name any number of nodes.
constexpr std::size_t kMaxNodes = 64;
constexpr std::size_t kMaxStrangers = 512;
constexpr std::size_t kMaxStrangersPerAddress = 64;

class SocketSink : public ViewerSink {
 public:
  explicit SocketSink(socketio::SocketPtr socket) : socket_(std::move(socket)) {}
  void emit(const socketio::EncodedEventPtr& event) override { socket_->emit(event); }
  bool emit_latest(std::string_view slot, const socketio::EncodedEventPtr& event) override {
    return socket_->emit_latest(slot, event);
  }
  void drop_latest(std::string_view slot) override { socket_->drop_latest(slot); }

 private:
  socketio::SocketPtr socket_;
};

template <class Event>
void send(socketio::SocketPtr socket, const Event& event) {
  socket->emit(
      socketio::encode_event(kNamespace, Event::kEvent, socketio::one_object(event.to_json())));
}

/// The token both processes derive from the installation's key, and the one that was set for a
/// media process that does not have this key.
std::vector<std::string> media_tokens_of(const LiveOptions& options) {
  std::vector<std::string> tokens{options.store->keys().media_token()};
  const auto& publish = options.config.publish;
  if (publish.mode == config::PublishMode::internal && !publish.token.empty()) {
    tokens.push_back(publish.token);
  }
  return tokens;
}

bool is_media_token(const std::vector<std::string>& media_tokens, std::string_view token) {
  bool equal = false;
  for (const auto& media_token : media_tokens) {
    equal = crypto::equal_secrets(token, media_token) || equal;
  }
  return equal;
}

socketio::ServerOptions server_options(const Gate& gate, std::vector<std::string> media_tokens) {
  socketio::ServerOptions options;
  options.max_payload = kMaxPayload;
  options.connect_timeout = std::chrono::seconds(10);
  options.max_sessions = kMaxSessions;
  options.max_sessions_per_address = kMaxSessionsPerAddress;
  options.max_strangers = kMaxStrangers;
  options.max_strangers_per_address = kMaxStrangersPerAddress;
  options.stranger_payload = kStrangersBody;
  // Media shows its token with the first request, so that it always finds a place.
  options.reserved = [&gate, tokens = std::move(media_tokens)](const net::HttpRequest& request) {
    if (!request.headers.has("Authorization")) return false;
    return is_media_token(tokens, gate.credential_of(request).token);
  };
  options.allow_origin = [&gate](const net::HttpRequest& request) {
    return gate.origin_allowed(request);
  };
  return options;
}

}  // namespace

Live::Live(net::EventLoop& loop, WorkerPool& pool, TokenLookups& lookups, const Gate& gate,
           LiveOptions options)
    : lookups_(lookups),
      gate_(gate),
      options_(std::move(options)),
      media_tokens_(media_tokens_of(options_)),
      server_(socketio::Server::create(loop, server_options(gate, media_tokens_))),
      hub_(*options_.clock, hub_options()),
      follower_(std::make_shared<SiteFollower>(loop, pool, options_.store, site_events())),
      tick_timer_(loop) {}

Live::~Live() = default;

HubOptions Live::hub_options() {
  HubOptions hub;
  hub.version = options_.version;
  if (options_.config.publish.mode == config::PublishMode::legacy) {
    hub.no_media_reason = "Pictures are published to another server.";
  }
  hub.encode = [](std::string_view event, const socketio::Arguments& arguments) {
    return socketio::encode_event(kNamespace, event, arguments);
  };
  hub.on_demand = [this](NodeId node, const live::Demand& demand) {
    if (const auto found = nodes_.find(node); found != nodes_.end()) {
      send(found->second.socket, demand);
    }
  };
  hub.on_unknown_camera = [this] { follower_->reload_cameras(); };
  hub.is_news = [this](const live::Attendance& told) { return feed_.admit(told); };
  return hub;
}

SiteEvents Live::site_events() {
  SiteEvents events;
  events.on_cameras = [this](const std::vector<domain::Camera>& cameras) {
    hub_.set_cameras(cameras);
  };
  events.on_attendance = [this](const std::vector<store::AttendanceChange>& changes) {
    for (const auto& news : feed_.news(changes)) hub_.tell_attendance(news);
  };
  events.sessions = [this](bool all) { return sessions(all); };
  events.on_session = [this](const store::Session& session) { session_goes_on(session); };
  events.on_session_ended = [this](const std::string& id) { drop_session(id); };
  events.on_gallery = [this](std::int64_t revision) {
    for (const auto& [id, node] : nodes_) send(node.socket, live::Gallery{revision});
  };
  return events;
}

void Live::start(const std::vector<domain::Camera>& cameras, const store::Revisions& revisions) {
  hub_.set_cameras(cameras);
  const std::weak_ptr<Live> weak = weak_from_this();
  server_->open_namespace(kNamespace, [weak](socketio::Server::Admission admission) {
    if (const auto self = weak.lock()) self->on_connect(std::move(admission));
  });
  tick_timer_.start_repeating(std::chrono::milliseconds(100), [weak] {
    if (const auto self = weak.lock()) self->hub_.tick();
  });
  follower_->start(revisions, options_.poll_interval);
}

void Live::on_connect(socketio::Server::Admission admission) {
  // A cookie is sent along by the browser whoever asks, so the asking page must be ours. The server
  // has checked the first request's Origin; this holds also if that is ever relaxed.
  if (!gate_.origin_allowed(admission.handshake.request)) {
    admission.refuse("forbidden_origin");
    return;
  }
  std::string token;
  if (const auto* given = admission.handshake.auth.if_contains("token")) {
    if (const auto* text = given->if_string()) token = std::string(*text);
  } else {
    token = std::string(gate_.session_token(admission.handshake.request));
  }
  if (token.empty()) {
    admission.refuse("unauthorized");
    return;
  }
  if (is_media_token(media_tokens_, token)) return admit_media(admission);
  const std::string address = admission.handshake.request.remote_address;
  lookups_.find(token, address,
                [weak = weak_from_this(),
                 admission = std::move(admission)](const Result<store::Session>& session) {
                  const auto self = weak.lock();
                  if (!self) return;
                  if (session) return self->admit_viewer(admission, *session);
                  const Error& error = session.error();
                  admission.refuse(error.is(kNotFound)          ? "unauthorized"
                                   : error.is(kTooManyAttempts) ? "too_many_attempts"
                                                                : "unavailable");
                });
}

void Live::admit_viewer(const socketio::Server::Admission& admission,
                        const store::Session& session) {
  const auto same_session = std::count_if(peers_.begin(), peers_.end(), [&](const auto& entry) {
    return entry.second.session_id == session.id;
  });
  const auto stats = server_->stats();
  const bool full = stats.sessions - stats.strangers >= kMaxSessions;
  if (full || same_session >= options_.config.web.max_sockets_per_session) {
    admission.refuse("too_many_connections");
    return;
  }
  const auto socket = admission.accept();
  // Gone while the database was asked: nobody would ever say that this viewer has left.
  if (!socket || !socket->connected()) return;
  socket->limit_payload(kViewerPayload);
  const std::weak_ptr<Live> weak = weak_from_this();
  const std::weak_ptr<socketio::Socket> weak_socket = socket;
  for (const auto event : ViewerHub::media_events()) {
    socket->on(std::string(event),
               [weak_socket](const socketio::Arguments&, const socketio::Socket::Ack&) {
                 if (const auto self = weak_socket.lock()) {
                   log::warn("live.viewer_sent_media_event", {{"socket", self->id()}});
                   self->disconnect(true);
                 }
               });
  }
  socket->on_disconnect([weak, id = socket->id()](std::string_view) {
    if (const auto self = weak.lock()) self->forget(id);
  });
  Peer& peer = peers_[socket->id()];
  peer.socket = socket;
  peer.session_id = session.id;
  peer.user = session.user.id;
  peer.expires_at = session.expires_at;
  peer.viewer = hub_.add_viewer(std::make_shared<SocketSink>(socket), scope_of(session));
  socket->on("watch", [weak, viewer = peer.viewer](const socketio::Arguments& arguments,
                                                   const socketio::Socket::Ack& ack) {
    const auto self = weak.lock();
    if (!self) return;
    auto answer = self->hub_.watch(viewer, arguments);
    if (ack) ack(std::move(answer));
  });
  log::info(
      "live.viewer_connected",
      {{"user", session.user.username}, {"socket", socket->id()}, {"viewers", peers_.size()}});
  // The session may have ended between the look-up and now; the next look sees that.
  follower_->check_sessions();
}

std::map<NodeId, Live::Node>::iterator Live::node_named(const std::string& name) {
  return std::find_if(nodes_.begin(), nodes_.end(),
                      [&](const auto& entry) { return entry.second.hello.node == name; });
}

void Live::replace_node(const std::string& name) {
  const auto same = node_named(name);
  if (same == nodes_.end()) return;
  const NodeId id = same->first;
  const auto socket = same->second.socket;
  nodes_.erase(same);
  // Also how a node comes back whose connection broke unnoticed. Two processes of one name replace
  // each other for ever.
  log::warn(
      "live.media_replaced",
      {{"node", name}, {"remedy", "where it repeats, give each media process its own media.node"}});
  socket->disconnect(true);
  hub_.media_disconnected(id);
}

void Live::admit_media(const socketio::Server::Admission& admission) {
  auto read = live::MediaHello::from_json(admission.handshake.auth);
  if (!read) {
    log::error("live.media_refused",
               {{"error", read.error().name.text()}, {"detail", read.error().message}});
    admission.refuse(std::string(read.error().name.text()));
    return;
  }
  live::MediaHello hello = std::move(*read);
  if (node_named(hello.node) == nodes_.end() && nodes_.size() >= kMaxNodes) {
    admission.refuse("too_many_connections");
    return;
  }
  const auto socket = admission.accept();
  if (!socket || !socket->connected()) return;
  replace_node(hello.node);
  const NodeId id = next_node_++;
  engine_ = hello.engine;
  const std::weak_ptr<Live> weak = weak_from_this();
  for (const auto event : ViewerHub::media_events()) {
    socket->on(std::string(event), [weak, id, event](const socketio::Arguments& arguments,
                                                     const socketio::Socket::Ack&) {
      const auto self = weak.lock();
      if (!self || !self->nodes_.contains(id)) return;
      if (self->hub_.media_event(id, event, arguments)) return;
      const auto node = self->nodes_.find(id);
      // Once a connection: a broken sender sends many.
      if (node == self->nodes_.end() || std::exchange(node->second.malformed_logged, true)) return;
      log::warn("live.media_event_not_taken", {{"event", event}});
    });
  }
  socket->on_disconnect([weak, id](std::string_view reason) {
    const auto self = weak.lock();
    if (!self) return;
    const auto gone = self->nodes_.extract(id);
    if (gone.empty()) return;
    log::warn("live.media_disconnected", {{"reason", reason}, {"node", gone.mapped().hello.node}});
    self->hub_.media_disconnected(id);
  });
  log::info("live.media_connected",
            {{"engine", hello.engine ? hello.engine->name : "unknown"}, {"node", hello.node}});
  const std::string name = hello.node;
  nodes_.emplace(id, Node{socket, std::move(hello)});
  hub_.media_connected(id, name);
}

void Live::forget(const std::string& socket_id) {
  const auto found = peers_.find(socket_id);
  if (found == peers_.end()) return;
  const auto viewer = found->second.viewer;
  peers_.erase(found);
  hub_.remove_viewer(viewer);
  log::info("live.viewer_disconnected", {{"socket", socket_id}, {"viewers", peers_.size()}});
}

void Live::drop(const std::vector<std::string>& socket_ids) {
  for (const auto& id : socket_ids) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) continue;
    const auto socket = found->second.socket;
    socket->disconnect(true);
    forget(id);
  }
}

void Live::drop_session(const std::string& session_id) {
  std::vector<std::string> ids;
  for (const auto& [id, peer] : peers_) {
    if (peer.session_id == session_id) ids.push_back(id);
  }
  drop(ids);
}

void Live::drop_user(const UserId& user, const std::string& except) {
  std::vector<std::string> ids;
  for (const auto& [id, peer] : peers_) {
    if (peer.user == user && peer.session_id != except) ids.push_back(id);
  }
  drop(ids);
}

std::vector<std::string> Live::sessions(bool all) const {
  std::unordered_set<std::string> ids;
  const auto now = options_.clock->now();
  for (const auto& [socket, peer] : peers_) {
    if (all || peer.expires_at <= now) ids.insert(peer.session_id);
  }
  return {ids.begin(), ids.end()};
}

void Live::session_goes_on(const store::Session& session) {
  for (auto& [socket, peer] : peers_) {
    if (peer.session_id != session.id) continue;
    peer.expires_at = session.expires_at;
    hub_.set_scope(peer.viewer, scope_of(session));
  }
}

LiveFacts Live::facts() const {
  const bool listening = std::any_of(nodes_.begin(), nodes_.end(), [](const auto& entry) {
    return entry.second.hello.signaling_listening;
  });
  return {!nodes_.empty(), listening, engine_, hub_.cameras()};
}

void Live::export_metrics(telemetry::Metrics& metrics) {
  export_live(metrics, hub_, server_->stats());
}

}  // namespace surveillx::webapp
