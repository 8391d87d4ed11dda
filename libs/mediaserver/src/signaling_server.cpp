#include "signaling_server.hpp"

#include <map>
#include <utility>

#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/net/address.hpp"
#include "surveillx/signaling/codec.hpp"

namespace surveillx::mediaserver {
namespace {

/// A peer that asks and asks and never reads must not fill our memory.
constexpr std::size_t kMaxQueuedBytes = 1024 * 1024;

std::vector<signaling::IceServer> as_told(std::vector<ice::Server> servers) {
  std::vector<signaling::IceServer> told;
  for (auto& server : servers) {
    told.push_back({{server.url()}, std::move(server.username), std::move(server.credential)});
  }
  return told;
}

signaling::ServerSession::Options state_machine_options(const config::Config& config) {
  signaling::ServerSession::Options options;
  options.offer_timeout = config.signaling.offer_timeout;
  return options;
}

std::optional<std::string> presented_token(const net::HttpRequest& request) {
  if (const auto token = request.query_value("token"); !token.empty()) return std::string(token);
  constexpr std::string_view kBearer = "Bearer ";
  const auto header = request.headers.get("Authorization");
  if (header.starts_with(kBearer)) return std::string(header.substr(kBearer.size()));
  return std::nullopt;
}

}  // namespace

/// One socket and the session it brought, which may outlive it.
class SignalingServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(SignalingServer& server, const net::HttpRequest& request, net::WebSocketPtr socket)
      : server_(server),
        address_group_(net::address_group(request.remote_address)),
        standing_(request.standing),
        socket_(std::move(socket)),
        session_(state_machine_options(server.config_)),
        timer_(server.parts_.loop) {}

  void open(std::optional<std::string> token) {
    const std::weak_ptr<Connection> weak = weak_from_this();
    socket_->on_message = [weak](const SharedBytes& message, bool binary) {
      if (const auto self = weak.lock()) self->received(message, binary);
    };
    socket_->on_close = [weak](std::uint16_t code, const std::string&) {
      if (const auto self = weak.lock()) self->socket_gone(code);
    };
    perform(session_.opened(now(), std::move(token)));
  }

  void say_goodbye() {
    if (!session_.socket_open()) return;
    socket_->close(static_cast<std::uint16_t>(signaling::CloseCode::going_away),
                   "the server is stopping");
  }
  void give_way() {
    log::stranger(log::Level::warn, "signaling.gave_way", address_group_,
                  {{"camera", session_.camera().str()}, {"peer", socket_->remote_address()}});
    server_.gave_way_.add();
    perform(session_.give_way());
  }

  [[nodiscard]] bool authenticated() const { return session_.is_authenticated(); }
  [[nodiscard]] bool stranger() const {
    return session_.socket_open() && !authenticated() && !token_known_;
  }
  /// Open, of a camera, and without a session.
  [[nodiscard]] bool idle() const {
    return session_.socket_open() && authenticated() && !session_.session_running();
  }
  [[nodiscard]] const std::string& address_group() const { return address_group_; }
  [[nodiscard]] const CameraId& camera() const { return session_.camera(); }

 private:
  [[nodiscard]] static SteadyTime now() { return system_clock().steady(); }

  void received(const SharedBytes& message, bool binary) {
    perform(binary ? session_.binary(now()) : session_.text(now(), message.text()));
  }

  void socket_gone(std::uint16_t code) {
    log::debug("signaling.closed", {{"camera", session_.camera().str()}, {"code", code}});
    perform(session_.socket_closed());
  }

  /// What strangers set off is kept to a few lines an address.
  void say(log::Level level, std::string_view event, log::Fields fields) const {
    if (authenticated()) {
      log::event(level, event, fields);
    } else {
      log::stranger(level, event, address_group_, fields);
    }
  }

  void perform(const signaling::Actions& actions) {
    // Keeps this object through whatever an action sets off.
    const auto self = shared_from_this();
    for (const signaling::Action& action : actions) {
      std::visit([this](const auto& one) { act(one); }, action);
    }
    arm();
    if (!session_.socket_open() && !session_.session_running()) server_.forget(self);
  }

  void act(const signaling::SendMessage& send) {
    if (const auto* error = std::get_if<signaling::ErrorMessage>(&send.message)) {
      say(log::Level::warn, "signaling.error", {{"camera", session_.camera().str()},
                                                {"peer", socket_->remote_address()},
                                                {"code", error->code}});
      if (error->code == signaling::kCodeUnauthorized) {
        server_.refused_tokens_.add();
      } else {
        server_.bad_messages_.add();
      }
    }
    if (socket_->queued_bytes() > kMaxQueuedBytes) {
      log::warn("signaling.peer_does_not_read", {{"camera", session_.camera().str()},
                                                 {"peer", socket_->remote_address()}});
      socket_->abort();
      return;
    }
    socket_->send_text(SharedBytes(signaling::encode(send.message)));
  }

  void act(const signaling::Authenticate& authenticate) {
    auto& access = server_.parts_.access;
    token_known_ = access.knows(authenticate.token);
    const auto asked = access.authenticate(
        {authenticate.token, address_group_},
        [weak = weak_from_this()](Result<std::shared_ptr<CameraLease>> lease) {
          if (const auto self = weak.lock()) self->looked_up(std::move(lease));
        });
    if (!asked) perform(session_.auth_unavailable());
  }

  void looked_up(Result<std::shared_ptr<CameraLease>> lease) {
    if (lease) {
      lease_ = std::move(*lease);
      lease_->on_end = [weak = weak_from_this()](CameraLease::End end) {
        if (const auto self = weak.lock()) self->lease_ended(end);
      };
      if (standing_) standing_->admit();  // A camera's connection gives way to no stranger's.
      perform(session_.authenticated(now(), lease_->camera(), as_told(lease_->ice_servers())));
      server_.bound_idle(lease_->camera());
    } else if (lease.error().is(kNotFound) || lease.error().is(kRevoked)) {
      perform(session_.refused());
    } else {
      perform(session_.auth_unavailable());
    }
  }

  void lease_ended(CameraLease::End end) {
    if (end == CameraLease::End::revoked) {
      perform(session_.revoked());
    } else {
      say_goodbye();
    }
  }

  void act(const signaling::StartSession& start) {
    const std::weak_ptr<Connection> weak = weak_from_this();
    const auto offer = start.offer;
    // Each hook hands the news to the state machine, which drops what belongs to an older offer.
    const auto with = [weak](auto input) {
      return [weak, input](auto&&... news) {
        if (const auto self = weak.lock()) {
          self->perform(input(self->session_, std::forward<decltype(news)>(news)...));
        }
      };
    };
    OfferHooks hooks;
    hooks.on_answer = with([offer](auto& session, std::string sdp) {
      return session.local_answer(offer, std::move(sdp));
    });
    hooks.on_candidate = with([offer](auto& session, std::string candidate, int mline) {
      return session.local_candidate(offer, std::move(candidate), mline);
    });
    hooks.on_failed = with([offer](auto& session, const Error& error) {
      return session.session_failed(now(), offer, error.name.text(), error.message);
    });
    hooks.on_ended = with([offer](auto& session, const std::string& reason) {
      return session.session_ended(offer, reason);
    });
    hooks.on_taken_over = with([offer](auto& session) { return session.taken_over(offer); });
    const auto started = lease_->open(start.sdp, std::move(hooks));
    if (started) {
      media_sessions_[offer] = *started;
    } else {
      perform(session_.session_failed(now(), offer, started.error().name.text(),
                                      started.error().message));
    }
  }

  void act(const signaling::AddCandidate& add) {
    lease_->add_candidate(media_sessions_[add.offer], add.candidate, add.mline_index);
  }

  void act(const signaling::EndSession& end) {
    lease_->end(media_sessions_[end.offer], end.why);
    media_sessions_.erase(end.offer);
  }

  void act(const signaling::Close& close) {
    say(log::Level::info, "signaling.close", {{"camera", session_.camera().str()},
                                              {"code", static_cast<int>(close.code)},
                                              {"reason", close.reason}});
    socket_->close(static_cast<std::uint16_t>(close.code), close.reason);
  }

  void arm() {
    const auto deadline = session_.deadline();
    if (!deadline) {
      timer_.cancel();
      return;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - now());
    timer_.start(std::max(left, std::chrono::milliseconds(0)),
                 [this] { perform(session_.tick(now())); });
  }

  SignalingServer& server_;
  const std::string address_group_;
  const std::shared_ptr<net::PeerStanding> standing_;
  net::WebSocketPtr socket_;
  signaling::ServerSession session_;
  net::Timer timer_;
  bool token_known_ = false;
  std::shared_ptr<CameraLease> lease_;  ///< Once the token was found; every session is its.
  /// Of the offers whose sessions may still run.
  std::map<signaling::OfferNumber, MediaSessionId> media_sessions_;
};

SignalingServer::SignalingServer(Parts parts, const config::Config& config)
    : parts_(parts),
      config_(config),
      refused_tokens_(parts.metrics.counter("signaling_refused_tokens_total",
                                            "Sockets closed for a wrong or missing token")),
      bad_messages_(parts.metrics.counter("signaling_errors_total",
                                          "Error messages sent to cameras")),
      gave_way_(parts.metrics.counter("signaling_gave_way_total",
                                      "Sockets without a camera's session closed for newer ones")),
      open_sockets_(parts.metrics.gauge("signaling_connections",
                                        "Signalling connections and the sessions they left")) {}

SignalingServer::~SignalingServer() = default;

void SignalingServer::mount(net::Router& router) {
  router.add_upgrade("/", [this](net::Router::Upgrade upgrade) {
    upgrade.options.max_message_bytes =
        static_cast<std::size_t>(config_.signaling.max_message_bytes);
    auto token = presented_token(upgrade.request);
    if (token) {
      const auto group = net::address_group(upgrade.request.remote_address);
      if (const auto wait = parts_.access.turns_away({*token, group})) {
        // Cheaper than a WebSocket that closes at once, for both sides.
        auto refusal = net::HttpResponse::problem(
            429, kTooManyWrongTokens.text(),
            "Too many wrong tokens came from this address; try again in a moment.");
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
        refusal.headers.set("Retry-After", std::to_string(seconds));
        upgrade.refuse(std::move(refusal));
        return;
      }
    }
    auto request = upgrade.request;
    upgrade.accept([this, request = std::move(request),
                    token = std::move(token)](net::WebSocketPtr socket) {
      accepted(request, std::move(socket), token);
    });
  });
}

void SignalingServer::accepted(const net::HttpRequest& request, net::WebSocketPtr socket,
                               std::optional<std::string> token) {
  auto connection = std::make_shared<Connection>(*this, request, std::move(socket));
  if (!token || !parts_.access.knows(*token)) make_room(connection->address_group());
  connections_.push_back(connection);
  open_sockets_.set(static_cast<double>(connections_.size()));
  connection->open(std::move(token));
}

void SignalingServer::forget(const ConnectionPtr& connection) {
  std::erase(connections_, connection);
  open_sockets_.set(static_cast<double>(connections_.size()));
}

void SignalingServer::make_room(const std::string& address_group) {
  ConnectionPtr oldest;
  ConnectionPtr oldest_of_address;
  std::size_t all = 0;
  std::size_t of_address = 0;
  for (const ConnectionPtr& connection : connections_) {
    if (!connection->stranger()) continue;
    if (all++ == 0) oldest = connection;
    if (connection->address_group() != address_group) continue;
    if (of_address++ == 0) oldest_of_address = connection;
  }
  if (of_address >= kMaxStrangersPerAddress) {
    oldest_of_address->give_way();
  } else if (all >= static_cast<std::size_t>(config_.signaling.max_unauthenticated)) {
    oldest->give_way();
  }
}

void SignalingServer::bound_idle(const CameraId& camera) {
  std::vector<ConnectionPtr> idle;
  for (const ConnectionPtr& connection : connections_) {
    if (connection->idle() && connection->camera() == camera) idle.push_back(connection);
  }
  for (std::size_t i = 0; i + kMaxIdlePerCamera < idle.size(); ++i) idle[i]->give_way();
}

void SignalingServer::close_all() {
  const auto connections = connections_;
  for (const auto& connection : connections) connection->say_goodbye();
}

}  // namespace surveillx::mediaserver
