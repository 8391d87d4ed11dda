#include "surveillx/net/http_server.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/net/address.hpp"

#include "http_connection.hpp"
#include "listening.hpp"
#include "server_core.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace surveillx::net {
namespace {

/// Who is over the limit of connections gets an answer, unless there are very many of them.
constexpr std::size_t kMaxRefusing = 64;
constexpr std::chrono::milliseconds kAcceptBackOff{100};
constexpr int kMaxFailuresInARow = 64;

/// A descriptor that is held for the moment when there is no other.
class ReserveDescriptor {
 public:
  ReserveDescriptor() { take(); }
  ~ReserveDescriptor() { release(); }
  ReserveDescriptor(const ReserveDescriptor&) = delete;
  ReserveDescriptor& operator=(const ReserveDescriptor&) = delete;
  void take() {
    if (fd_ < 0) fd_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  void release() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

HttpServerStats stats_of(const ServerCore& core) {
  const ServerCore::Counters& c = core.counters;
  HttpServerStats out;
  out.connections = c.connections;
  out.connections_refused = c.connections_refused;
  out.refused_by_address = c.refused_by_address;
  out.gave_way = c.gave_way;
  out.no_descriptor = c.no_descriptor;
  out.tls_failed = c.tls_failed;
  out.requests = c.requests;
  out.malformed = c.malformed;
  out.header_too_large = c.header_too_large;
  out.body_too_large = c.body_too_large;
  out.timed_out = c.timed_out;
  if (const auto& tls = core.tls) {
    out.certificate_reloads = tls->reloads();
    out.certificate_refused = tls->refused();
    out.certificate_expires = tls->expires();
  }
  return out;
}

class Server final : public HttpServer {
 public:
  explicit Server(std::shared_ptr<ServerCore> core)
      : listener_(std::make_shared<Listener>(std::move(core))) {}

  ~Server() override {
    const std::shared_ptr<Listener> listener = listener_;
    const std::shared_ptr<ServerCore> core = listener->core;
    const std::shared_ptr<LoopCore> loop = core->loop.impl().core;
    const auto close_all = [listener, core] {
      core->closing = true;
      listener->stop();
      // Each leaves the table, some at once.
      std::vector<std::shared_ptr<Peer>> peers;
      for (const auto& [id, peer] : core->peers) peers.push_back(peer);
      for (const std::shared_ptr<Peer>& peer : peers) peer->terminate();
    };
    if (core->loop.in_loop()) {
      log::error("http.destroyed_on_loop");  // A bug: nobody can wait here.
      close_all();
      return;
    }
    core->loop.run_sync(close_all);
    loop->wait([&] { return core->open == 0; });
  }

  Result<void> open(const std::string& text) {
    if (auto bound = bind_acceptor(listener_->acceptor, text, true); !bound) return bound;
    port_ = listener_->acceptor.local_endpoint().port();
    return {};
  }

  void start() {
    listener_->core->loop.post([listener = listener_] {
      if (listener->core->tls) listener->core->tls->start();
      listener->accept();
    });
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] std::size_t connection_count() const override { return listener_->core->open; }

  void stop_accepting() override {
    listener_->core->loop.post([listener = listener_] { listener->stop(); });
  }

  [[nodiscard]] HttpServerStats stats() const override { return stats_of(*listener_->core); }

 private:
  struct Listener : std::enable_shared_from_this<Listener> {
    explicit Listener(std::shared_ptr<ServerCore> server_core)
        : core(std::move(server_core)), acceptor(core->loop.impl().io()), retry(core->loop) {}

    void accept() {
      if (!acceptor.is_open()) return;
      acceptor.async_accept([self = shared_from_this()](const error_code& ec, tcp::socket socket) {
        if (!self->acceptor.is_open()) return;
        if (ec == asio::error::operation_aborted) return;
        if (ec) {
          if (!std::exchange(self->failing, true)) {
            log::error("http.accept_failed", {{"error", ec.message()}});
          }
          const bool out_of_descriptors = ec == asio::error::no_descriptors || ec.value() == ENFILE;
          if (out_of_descriptors && self->failures++ < kMaxFailuresInARow &&
              self->make_descriptor()) {
            self->accept();
            return;
          }
          // Without a pause this would spin.
          self->failures = 0;
          self->retry.start(kAcceptBackOff, [weak = self->weak_from_this()] {
            if (const auto listener = weak.lock()) listener->accept();
          });
          return;
        }
        self->failing = false;
        self->failures = 0;
        self->admit(std::move(socket));
        self->accept();
      });
    }

    /// The process has no descriptor left. A stranger's connection gives one back; failing that,
    /// the one held in reserve takes the newcomer, who is told by the end of the connection rather
    /// than by waiting for ever. False when neither helped.
    bool make_descriptor() {
      if (const auto id = core->table.least()) {
        core->give_way(*id);
        return true;
      }
      reserve.release();
      const int taken = ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
      if (taken >= 0) {
        ++core->counters.no_descriptor;
        ::close(taken);
      }
      reserve.take();
      return taken >= 0;
    }

    void admit(tcp::socket socket) {
      ++core->counters.connections;
      error_code ec;
      const std::string address = address_text(socket.remote_endpoint(ec).address());
      const std::string group = address_group(address);
      const bool shared = core->speaks_for_many(address);
      const StrangerTable::Verdict verdict = core->table.newcomer(group, shared);
      if (verdict.evict) {
        log::stranger(log::Level::warn, "http.connection_gave_way", group,
                      {{"newcomer", address}, {"by_address", verdict.by_address}});
        core->give_way(*verdict.evict);
      }
      if (!verdict.accept) {
        ++(verdict.by_address ? core->counters.refused_by_address
                              : core->counters.connections_refused);
        if (core->tls || core->refusing >= kMaxRefusing) return;  // Closes it.
      }
      const auto connection = std::make_shared<HttpConnection>(core, std::move(socket), group);
      if (verdict.accept) {
        connection->start(shared);
      } else {
        connection->start_refused();
      }
    }

    void stop() {
      error_code ignored;
      acceptor.close(ignored);
      retry.cancel();
      if (core->tls) core->tls->stop();
    }

    std::shared_ptr<ServerCore> core;
    tcp::acceptor acceptor;
    Timer retry;
    ReserveDescriptor reserve;
    bool failing = false;  ///< Said once, not ten times a second.
    int failures = 0;      ///< Without a descriptor, one after the other.
  };

  std::shared_ptr<Listener> listener_;
  std::uint16_t port_ = 0;
};

}  // namespace

std::optional<std::int64_t> HttpServerStats::certificate_days_left() const {
  if (!certificate_expires) return std::nullopt;
  CertificateInfo info;
  info.expires = *certificate_expires;
  return info.days_left(std::chrono::system_clock::now());
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop,
                                                       std::shared_ptr<const Router> router,
                                                       const ListenOptions& options) {
  auto core = std::make_shared<ServerCore>(loop, std::move(router), options);
  auto proxies = TrustedProxies::parse(options.trusted_proxies);
  if (!proxies) return proxies.error();
  core->proxies = std::move(*proxies);
  if (options.tls) {
    auto tls = ServerTls::open(loop, *options.tls, options.tls_poll_interval);
    if (!tls) return tls.error();
    core->tls = std::move(*tls);
  }
  auto server = std::make_unique<Server>(std::move(core));
  if (auto opened = server->open(options.address); !opened) return opened.error();
  server->start();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace surveillx::net
