// A server that behaves as the public Engine.IO and Socket.IO test suites ask, on the same library
// that the product uses. See docs of both protocols, "Test suite".
#include "surveillx/base/log.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/socketio/engine_server.hpp"
#include "surveillx/socketio/server.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace surveillx;

void send_auth(const std::string& name_space, const socketio::SocketPtr& socket) {
  socketio::Arguments arguments;
  arguments.args.emplace_back(socket->handshake().auth);
  socket->emit(socketio::encode_event(name_space, "auth", arguments));
}

void serve_main_namespace(socketio::Server::Admission admission) {
  const socketio::SocketPtr socket = admission.accept();
  send_auth("/", socket);
  const std::weak_ptr<socketio::Socket> weak = socket;
  socket->on("message",
             [weak](const socketio::Arguments& arguments, const socketio::Socket::Ack& ack) {
               const auto self = weak.lock();
               if (!self) return;
               self->emit(socketio::encode_event("/", "message-back", arguments));
               if (ack) ack({});
             });
  socket->on("message-with-ack",
             [](const socketio::Arguments& arguments, const socketio::Socket::Ack& ack) {
               if (ack) ack(arguments);
             });
}

void serve_custom_namespace(socketio::Server::Admission admission) {
  send_auth("/custom", admission.accept());
}

void echo(const std::shared_ptr<socketio::EngineSocket>& socket) {
  const std::weak_ptr<socketio::EngineSocket> weak = socket;
  socket->on_text = [weak](std::string_view text) {
    if (const auto self = weak.lock()) self->send_text(text);
  };
  socket->on_binary = [weak](SharedBytes bytes) {
    if (const auto self = weak.lock()) self->send_binary(std::move(bytes));
  };
}

socketio::ServerOptions suite_options(bool engine_only) {
  socketio::ServerOptions options;
  options.path = engine_only ? "/engine.io/" : "/socket.io/";
  options.ping_interval = std::chrono::milliseconds(300);
  options.ping_timeout = std::chrono::milliseconds(200);
  options.max_payload = 1'000'000;
  options.connect_timeout = std::chrono::milliseconds(1'000);
  options.cors_origin = "*";
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Serves what the public Engine.IO and Socket.IO protocol test suites ask for"};
  std::uint16_t port = 3000;
  bool engine_only = false;
  std::string log_level = "warn";
  app.add_option("--port", port, "Port on 127.0.0.1 and ::1")->capture_default_str();
  app.add_flag("--engine-only", engine_only,
               "An Engine.IO server at /engine.io/ that echoes each message");
  app.add_option("--log-level", log_level, "debug, info, warn, error or off")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto level = log::parse_level(log_level);
  if (level.has_error()) {
    std::cerr << level.error().message << '\n';
    return 2;
  }
  log::set_level(level.value());

  // Blocked before any thread starts, so that only the wait below gets them.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  net::EventLoop loop;
  auto router = std::make_shared<net::Router>();
  std::unique_ptr<socketio::Server> server;
  std::unique_ptr<socketio::EngineServer> engine;
  if (engine_only) {
    engine = socketio::EngineServer::create(loop, suite_options(true));
    engine->on_connection = echo;
    engine->mount(*router);
  } else {
    server = socketio::Server::create(loop, suite_options(false));
    server->open_namespace("/", serve_main_namespace);
    server->open_namespace("/custom", serve_custom_namespace);
    server->mount(*router);
  }
  loop.start("socketio");

  std::vector<std::unique_ptr<net::HttpServer>> listeners;
  const bool any_port = port == 0;
  for (int attempt = 0; listeners.empty(); ++attempt) {
    for (const char* host : {"127.0.0.1", "[::1]"}) {
      net::ListenOptions options;
      options.address = std::string(host) + ':' + std::to_string(port);
      auto listener = net::HttpServer::listen(loop, router, options);
      if (listener) {
        // Port 0 asks for a free one, which the second address then shares.
        port = listener.value()->port();
        listeners.push_back(std::move(listener.value()));
        continue;
      }
      const bool in_use = listener.error().is(net::kPortInUse);
      if (in_use && any_port && attempt < 10) {
        listeners.clear();  // Free on one address and not on the other: another one.
        port = 0;
        break;
      }
      std::cerr << listener.error().name.text() << ": " << listener.error().message << '\n';
      // A machine without IPv6 still serves the other address.
      if (listeners.empty() || in_use) return 1;
    }
  }
  std::cout << "listening on port " << port << (engine_only ? " (Engine.IO)" : " (Socket.IO)")
            << std::endl;

  int signal = 0;
  sigwait(&ending, &signal);
  loop.run_sync([&] {
    server.reset();
    engine.reset();
  });
  listeners.clear();
  loop.stop();
  return 0;
}
