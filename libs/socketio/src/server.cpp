#include "surveillx/socketio/server.hpp"

#include "surveillx/socketio/engine_server.hpp"

#include "server_session.hpp"
#include "server_socket.hpp"

#include <unordered_map>
#include <utility>

namespace surveillx::socketio {

namespace {

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
    for (const auto& [key, session] : *sessions_) {
      session->namespaces = nullptr;
      session->connect_timer.cancel();
      for (const auto& [name, place] : session->places) {
        if (place.socket) place.socket->left(nullptr);
      }
      session->places.clear();
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
  using Sessions = std::unordered_map<EngineSocket*, std::shared_ptr<ServerSession>>;

  void welcome(const std::shared_ptr<EngineSocket>& socket) {
    auto session = std::make_shared<ServerSession>(loop_, socket, limits_, &namespaces_, stats_);
    const std::weak_ptr<ServerSession> weak = session;
    socket->on_text = [weak](std::string_view text) {
      if (const auto self = weak.lock()) self->receive(self->assembler.add_text(text));
    };
    socket->on_binary = [weak](SharedBytes bytes) {
      if (const auto self = weak.lock()) {
        self->receive(self->assembler.add_binary(std::move(bytes)));
      }
    };
    socket->on_close = [weak, raw = socket.get(),
                        all = std::weak_ptr(sessions_)](std::string_view reason) {
      if (const auto self = weak.lock()) self->lost(reason);
      if (const auto sessions = all.lock()) sessions->erase(raw);
    };
    session->start_connect_timer();
    (*sessions_)[socket.get()] = std::move(session);
  }

  net::EventLoop& loop_;
  ServerSession::Limits limits_;
  std::shared_ptr<EngineStats> stats_ = std::make_shared<EngineStats>();
  Namespaces namespaces_;
  std::shared_ptr<Sessions> sessions_ = std::make_shared<Sessions>();
  std::unique_ptr<EngineServer> engine_;
};

}  // namespace

std::unique_ptr<Server> Server::create(net::EventLoop& loop, ServerOptions options) {
  return std::make_unique<ServerImpl>(loop, std::move(options));
}

}  // namespace surveillx::socketio
