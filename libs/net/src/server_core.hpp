#pragma once

#include "surveillx/net/http_server.hpp"
#include "surveillx/net/proxies.hpp"
#include "surveillx/net/stranger_table.hpp"

#include "asio.hpp"
#include "server_tls.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace surveillx::net {

/// A connection as its server sees it.
class Peer {
 public:
  virtual ~Peer() = default;
  /// Ends it at once, then leaves the server's table.
  virtual void terminate() = 0;
};

/// What the connections of one server share. Loop thread, but for the counters.
struct ServerCore {
  ServerCore(EventLoop& event_loop, std::shared_ptr<const Router> routes, ListenOptions listen)
      : loop(event_loop),
        loop_core(event_loop.impl().core),
        router(std::move(routes)),
        options(std::move(listen)),
        table(options.max_connections,
              options.max_connections_per_address > 0
                  ? options.max_connections_per_address
                  : std::max<std::size_t>(options.max_connections / 8, 16)) {}

  std::uint64_t add(std::shared_ptr<Peer> peer) {
    peers.emplace(++last_id, std::move(peer));
    open = peers.size();
    return last_id;
  }
  /// Whether `address` is a proxy's, so that what comes from there is many people's.
  [[nodiscard]] bool speaks_for_many(const std::string& address) const {
    return proxies.trusts(address);
  }
  /// Ends a connection for another's sake.
  void give_way(std::uint64_t id) {
    const auto it = peers.find(id);
    if (it == peers.end()) return table.remove(id);
    ++counters.gave_way;
    const std::shared_ptr<Peer> peer = it->second;
    peer->terminate();
    table.remove(id);  // What closes slowly counts no longer.
  }
  /// An upgraded connection goes on under the same id.
  void replace(std::uint64_t id, std::shared_ptr<Peer> peer) { peers[id] = std::move(peer); }
  void remove(std::uint64_t id) {
    const auto it = peers.find(id);
    if (it == peers.end()) return;
    const std::shared_ptr<Peer> last = std::move(it->second);
    peers.erase(it);
    table.remove(id);
    open = peers.size();
    if (const auto core = loop_core.lock(); core && peers.empty()) core->notify();
  }

  struct Counters {
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> connections_refused{0};
    std::atomic<std::uint64_t> refused_by_address{0};
    std::atomic<std::uint64_t> gave_way{0};
    std::atomic<std::uint64_t> no_descriptor{0};
    std::atomic<std::uint64_t> tls_failed{0};
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> malformed{0};
    std::atomic<std::uint64_t> header_too_large{0};
    std::atomic<std::uint64_t> body_too_large{0};
    std::atomic<std::uint64_t> timed_out{0};
  };

  EventLoop& loop;
  std::weak_ptr<LoopCore> loop_core;
  std::shared_ptr<const Router> router;
  ListenOptions options;
  TrustedProxies proxies;
  std::shared_ptr<ServerTls> tls;  ///< Null: plain TCP.
  Counters counters;
  std::atomic<std::size_t> open{0};
  StrangerTable table;
  bool closing = false;
  bool silent_proxy_logged = false;
  std::size_t refusing = 0;  ///< Connections that only get their 503.
  std::uint64_t last_id = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<Peer>> peers;
};

}  // namespace surveillx::net
