#include "surveillx/net/http_server.hpp"

#include "surveillx/base/log.hpp"

#include "http_connection.hpp"
#include "server_core.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace surveillx::net {
namespace {

/// Who is over the limit of connections gets an answer, unless there are very many of them.
constexpr std::size_t kMaxRefusing = 64;
constexpr std::chrono::milliseconds kAcceptBackOff{100};

struct Address {
  std::string host;  ///< Empty: all addresses.
  std::uint16_t port = 0;
};

Result<Address> parse_address(const std::string& text) {
  const Error bad{kBadAddress, "\"" + text + "\" is not HOST:PORT, [IPv6]:PORT or :PORT"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad;
  Address out;
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data() + colon + 1, end, out.port);
  if (ec != std::errc() || stop != end) return bad;
  out.host = text.substr(0, colon);
  if (out.host.size() >= 2 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    return bad;
  }
  return out;
}

/// Binds and listens; `::` takes IPv4 as well.
error_code open_at(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code ec;
  acceptor.close(ec);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), ec);
  }
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(1024, ec);
  return ec;
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
    Result<Address> address = parse_address(text);
    if (!address) return address.error();
    std::vector<tcp::endpoint> endpoints;
    if (address->host.empty() || address->host == "::") {
      endpoints.emplace_back(tcp::v6(), address->port);
      // Kernels without IPv6.
      if (address->host.empty()) endpoints.emplace_back(tcp::v4(), address->port);
    } else {
      error_code ec;
      tcp::resolver resolver(listener_->core->loop.impl().io());
      for (const auto& entry : resolver.resolve(address->host, std::to_string(address->port),
                                                tcp::resolver::passive, ec)) {
        endpoints.push_back(entry.endpoint());
      }
      if (ec || endpoints.empty()) {
        return Error{kBadAddress, "cannot listen at " + text + ": " + ec.message()};
      }
    }
    error_code ec;
    for (const tcp::endpoint& endpoint : endpoints) {
      ec = open_at(listener_->acceptor, endpoint);
      if (!ec || ec == asio::error::address_in_use) break;
    }
    if (ec == asio::error::address_in_use) {
      return Error{kPortInUse, "port " + std::to_string(address->port) +
                                   " is in use by another program (listening at " + text + ")"};
    }
    if (ec) return Error{kBadAddress, "cannot listen at " + text + ": " + ec.message()};
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

  [[nodiscard]] HttpServerStats stats() const override {
    const ServerCore::Counters& c = listener_->core->counters;
    HttpServerStats out;
    out.connections = c.connections;
    out.connections_refused = c.connections_refused;
    out.tls_failed = c.tls_failed;
    out.requests = c.requests;
    out.malformed = c.malformed;
    out.header_too_large = c.header_too_large;
    out.body_too_large = c.body_too_large;
    out.timed_out = c.timed_out;
    if (const auto& tls = listener_->core->tls) {
      out.certificate_reloads = tls->reloads();
      out.certificate_refused = tls->refused();
      out.certificate_expires = tls->expires();
    }
    return out;
  }

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
          // Mostly no free descriptor: without a pause this would spin.
          if (!std::exchange(self->failing, true)) {
            log::error("http.accept_failed", {{"error", ec.message()}});
          }
          self->retry.start(kAcceptBackOff, [weak = self->weak_from_this()] {
            if (const auto listener = weak.lock()) listener->accept();
          });
          return;
        }
        self->failing = false;
        self->admit(std::move(socket));
        self->accept();
      });
    }

    void admit(tcp::socket socket) {
      ++core->counters.connections;
      const bool full = core->peers.size() - core->refusing >= core->options.max_connections;
      if (full) {
        ++core->counters.connections_refused;
        if (core->tls || core->refusing >= kMaxRefusing) return;  // Closes it.
      }
      const auto connection = std::make_shared<HttpConnection>(core, std::move(socket));
      if (full) {
        connection->start_refused();
      } else {
        connection->start();
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
    bool failing = false;  ///< Said once, not ten times a second.
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
