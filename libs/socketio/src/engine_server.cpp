#include "surveillx/socketio/engine_server.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/net/address.hpp"
#include "surveillx/net/stranger_table.hpp"

#include "engine_http.hpp"
#include "engine_session.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

namespace surveillx::socketio {

namespace {

/// Outlives the server where a request or a session still refers to it.
struct Core : std::enable_shared_from_this<Core> {
  explicit Core(net::EventLoop& loop, ServerOptions options)
      : context(std::make_shared<EngineSession::Context>(loop, std::move(options))),
        strangers(context->options.max_strangers, context->options.max_strangers_per_address) {}

  [[nodiscard]] const ServerOptions& options() const { return context->options; }

  [[nodiscard]] std::shared_ptr<EngineSession> find(const net::HttpRequest& request) const {
    const auto found = sessions.find(std::string(request.query_value("sid")));
    return found == sessions.end() || !found->second->reachable() ? nullptr : found->second;
  }

  [[nodiscard]] bool origin_allowed(const net::HttpRequest& request) const {
    const std::string_view origin = request.headers.get("Origin");
    if (origin.empty() || options().cors_origin == "*" || options().cors_origin == origin) {
      return true;
    }
    return options().allow_origin ? options().allow_origin(request) : same_host(request);
  }

  void add_cors(net::HttpResponse& response) const {
    if (options().cors_origin.empty()) return;
    response.headers.set("Access-Control-Allow-Origin", options().cors_origin);
    if (options().cors_origin != "*") response.headers.set("Vary", "Origin");
  }

  [[nodiscard]] net::HttpResponse preflight(const net::HttpRequest& request) const {
    net::HttpResponse response;
    response.status = 204;
    response.headers.set("Access-Control-Allow-Methods", "GET, POST");
    if (const std::string_view asked = request.headers.get("Access-Control-Request-Headers");
        !asked.empty()) {
      response.headers.set("Access-Control-Allow-Headers", std::string(asked));
    }
    response.headers.set("Access-Control-Max-Age", "600");
    return response;
  }

  /// What the header of a request decides; nothing when it may go on.
  [[nodiscard]] std::optional<EngineRefusal> check(const net::HttpRequest& request,
                                                   bool upgrade) const {
    if (!origin_allowed(request)) return EngineRefusal::forbidden;
    const std::string_view transport = request.query_value("transport");
    if (transport != "polling" && transport != "websocket") {
      return EngineRefusal::unknown_transport;
    }
    if (request.query_value("EIO") != "4") return EngineRefusal::unsupported_version;
    if (upgrade != (transport == "websocket")) return EngineRefusal::bad_request;
    if (!request.query_value("sid").empty()) {
      const auto session = find(request);
      if (!session) return EngineRefusal::unknown_sid;
      // Requests after the upgrade are refused, and the session goes on.
      if (!upgrade && !session->polling()) return EngineRefusal::bad_request;
      if (!upgrade && request.method != "GET" && request.method != "POST") {
        return EngineRefusal::bad_request;
      }
      return std::nullopt;
    }
    if (request.method != "GET") return EngineRefusal::bad_handshake_method;
    if (options().reserved && options().reserved(request)) return std::nullopt;
    if (sessions.size() - strangers.size() >= options().max_sessions) {
      return EngineRefusal::too_many_sessions;
    }
    if (options().max_sessions_per_address > 0) {
      const auto found = per_address.find(net::address_group(request.remote_address));
      if (found != per_address.end() && found->second >= options().max_sessions_per_address) {
        return EngineRefusal::too_many_sessions;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] net::HttpResponse refuse(const net::HttpRequest& request, EngineRefusal why) const {
    const std::string& remote = request.remote_address;
    if (why == EngineRefusal::too_many_sessions) {
      ++context->stats.too_many_sessions;
      log::stranger(log::Level::warn, "socketio.too_many_sessions", net::address_group(remote),
                    {{"remote", remote}});
    } else if (why == EngineRefusal::unsupported_version) {
      ++context->stats.other_protocol;
      log::stranger(log::Level::warn, "socketio.unsupported_version", net::address_group(remote),
                    {{"remote", remote},
                     {"engine_io", request.query_value("EIO")},
                     {"fix", "use socket.io-client 3 or later"}});
    }
    net::HttpResponse response = engine_error(why);
    add_cors(response);
    return response;
  }

  std::shared_ptr<EngineSession> open_session(const net::HttpRequest& request) {
    const std::string group = net::address_group(request.remote_address);
    const bool reserved = options().reserved && options().reserved(request);
    if (!reserved) make_room(group);
    auto session = std::make_shared<EngineSession>(context, request, ++last_serial);
    sessions.emplace(session->id(), session);
    ++per_address[group];
    if (reserved) {
      session->trust();
    } else {
      strangers.add(session->serial(), group, false);
      by_serial.emplace(session->serial(), session->id());
    }
    if (on_connection) on_connection(session);
    return session;
  }

  /// The oldest stranger of whoever has most goes when there are too many.
  void make_room(const std::string& group) {
    const auto verdict = strangers.newcomer(group, false);
    if (!verdict.evict) return;
    const auto found = by_serial.find(*verdict.evict);
    if (found == by_serial.end()) return;
    const auto session = sessions.find(found->second);
    if (session == sessions.end()) return;
    ++context->stats.gave_way;
    const std::shared_ptr<EngineSession> oldest = session->second;
    log::stranger(log::Level::warn, "socketio.session_gave_way",
                  net::address_group(oldest->request().remote_address),
                  {{"remote", oldest->request().remote_address}});
    oldest->give_way();
  }

  void no_stranger(std::uint64_t serial) {
    strangers.remove(serial);
    by_serial.erase(serial);
  }

  void forget(const std::string& sid) {
    const auto found = sessions.find(sid);
    if (found == sessions.end()) return;
    const auto session = std::move(found->second);
    sessions.erase(found);
    no_stranger(session->serial());
    const auto address = per_address.find(net::address_group(session->request().remote_address));
    if (address != per_address.end() && --address->second == 0) per_address.erase(address);
  }

  /// The early look at a request: only then is a second POST seen beside one that is still
  /// arriving. It ends the session, so that both find none when their bodies are there and get 400.
  void head(const net::HttpRequest& request) {
    if (request.method != "POST" || check(request, false)) return;
    if (const auto session = find(request)) session->begin_post(request.watch);
  }

  /// How much a POST may bring: by who its session is.
  void judge_body(const net::HttpRequest& head,
                  const std::function<void(net::BodyVerdict)>& decide) {
    if (const auto why = check(head, false)) return decide({0, refuse(head, *why)});
    const auto session = find(head);
    if (!session) return decide({0, refuse(head, EngineRefusal::unknown_sid)});
    std::uint64_t told = 0;
    const std::string_view length = head.headers.get("Content-Length");
    std::from_chars(length.data(), length.data() + length.size(), told);
    if (told <= session->max_payload()) return decide({session->max_payload(), std::nullopt});
    // Its packets are lost, and what follows them would be out of order.
    ++context->stats.too_large;
    session->reject("transport error");
    decide({0, refuse(head, EngineRefusal::too_large)});
  }

  void serve(const net::HttpRequest& request, const net::HttpResponder& answer) {
    net::HttpResponder respond = answer;
    if (!options().cors_origin.empty()) {
      respond = [self = shared_from_this(), answer](net::HttpResponse response) {
        self->add_cors(response);
        answer(std::move(response));
      };
      if (request.method == "OPTIONS") return respond(preflight(request));
    }
    if (const auto why = check(request, false)) return answer(refuse(request, *why));
    const auto session = find(request);
    if (!session) return open_session(request)->start_polling(respond);
    session->vouch_for(request);
    if (request.method == "GET") {
      session->poll(request, std::move(respond));
    } else {
      session->post(request, respond);
    }
  }

  void upgrade(net::Router::Upgrade asked) {
    if (const auto why = check(asked.request, true)) {
      return asked.refuse(refuse(asked.request, *why));
    }
    const auto known = find(asked.request);
    if (known) known->vouch_for(asked.request);
    asked.options.max_message_bytes = known                            ? known->max_payload()
                                      : options().stranger_payload > 0 ? options().stranger_payload
                                                                       : options().max_payload;
    asked.options.ping_interval = std::chrono::milliseconds(0);  // Engine.IO has its own.
    const bool fresh = asked.request.query_value("sid").empty();
    asked.accept(
        [weak = weak_from_this(), fresh, request = asked.request](net::WebSocketPtr socket) {
          const auto self = weak.lock();
          if (!self) return socket->abort();
          if (fresh) return self->open_session(request)->start_web_socket(std::move(socket));
          const auto session = self->find(request);
          if (session) return session->probe(request, std::move(socket));
          socket->close(1000, "");
        });
  }

  std::shared_ptr<EngineSession::Context> context;
  std::function<void(const std::shared_ptr<EngineSocket>&)> on_connection;
  std::unordered_map<std::string, std::shared_ptr<EngineSession>> sessions;
  std::unordered_map<std::string, std::size_t> per_address;
  net::StrangerTable strangers;
  std::unordered_map<std::uint64_t, std::string> by_serial;  ///< Ids of the strangers.
  std::uint64_t last_serial = 0;
};

class EngineServerImpl final : public EngineServer {
 public:
  EngineServerImpl(net::EventLoop& loop, ServerOptions options)
      : core_(std::make_shared<Core>(loop, std::move(options))) {
    core_->context->forget = [weak = std::weak_ptr(core_)](const std::string& sid) {
      if (const auto core = weak.lock()) core->forget(sid);
    };
    core_->context->admitted = [weak = std::weak_ptr(core_)](std::uint64_t serial) {
      if (const auto core = weak.lock()) core->no_stranger(serial);
    };
  }

  ~EngineServerImpl() override {
    core_->on_connection = nullptr;
    const auto sessions = std::exchange(core_->sessions, {});
    for (const auto& [sid, session] : sessions) session->shut_down();
  }

  void mount(net::Router& router) override {
    core_->on_connection = on_connection;
    const std::weak_ptr<Core> weak = core_;
    const auto serve = [weak](const net::HttpRequest& request, const net::HttpResponder& respond) {
      if (const auto core = weak.lock()) return core->serve(request, respond);
      respond(engine_error(EngineRefusal::unknown_sid));
    };
    const auto upgrade = [weak](net::Router::Upgrade asked) {
      if (const auto core = weak.lock()) return core->upgrade(std::move(asked));
      asked.refuse(engine_error(EngineRefusal::unknown_sid));
    };
    const auto head = [weak](const net::HttpRequest& request) {
      if (const auto core = weak.lock()) core->head(request);
    };
    const auto judge = [weak](const net::HttpRequest& request,
                              const std::function<void(net::BodyVerdict)>& decide) {
      if (const auto core = weak.lock()) return core->judge_body(request, decide);
      decide({0, engine_error(EngineRefusal::unknown_sid)});
    };
    std::string path = core_->options().path;
    if (!path.ends_with('/')) path += '/';
    for (const std::string& pattern : {path, path.substr(0, path.size() - 1)}) {
      if (pattern.empty()) continue;
      // Other methods get 400 as the documents ask, not the router's 405.
      for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        net::RouteLimits limits;
        if (method == std::string_view("POST")) limits.gate = judge;
        router.add(method, pattern, serve, std::move(limits));
      }
      router.add_upgrade(pattern, upgrade);
      router.add_head_observer(pattern, head);
    }
  }

  [[nodiscard]] EngineStats stats() const override {
    EngineStats stats = core_->context->stats;
    stats.sessions = core_->sessions.size();
    stats.strangers = core_->strangers.size();
    return stats;
  }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<EngineServer> EngineServer::create(net::EventLoop& loop, ServerOptions options) {
  return std::make_unique<EngineServerImpl>(loop, std::move(options));
}

}  // namespace surveillx::socketio
