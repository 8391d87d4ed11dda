#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/net/certificate.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http.hpp"
#include "surveillx/net/router.hpp"
#include "surveillx/net/web_socket.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::net {

inline constexpr ErrorName kPortInUse{"port_in_use"};
inline constexpr ErrorName kBadAddress{"bad_address"};

struct ListenOptions {
  /// `HOST:PORT`, `[::1]:PORT` or `:PORT` (all addresses); port 0 takes a free one.
  std::string address = "127.0.0.1:0";
  /// Null: plain TCP. The files are looked at again every `tls_poll_interval`; when they changed,
  /// new connections get the new certificate and old ones go on. A pair that does not fit together,
  /// such as one that is half written, is not taken.
  std::shared_ptr<const TlsFiles> tls;
  std::chrono::milliseconds tls_poll_interval{1'000};
  /// Addresses and networks of reverse proxies: who their clients are is believed (TrustedProxies),
  /// and since one speaks for many, the bound of connections by address is not for them.
  std::vector<std::string> trusted_proxies;
  /// A proxy stands before us and is not among `trusted_proxies`: nobody counts as direct loopback.
  bool unnamed_proxy = false;
  /// `/sx`, without a slash at its end: what stands below it is answered as if it stood at the
  /// root, beside the root itself, since some proxies take their prefix off and some do not.
  std::string base_path;
  /// Of a request whose route says nothing else (RouteLimits).
  std::size_t max_body_bytes = 1024 * 1024;
  std::size_t max_header_bytes = 16 * 1024;
  /// With all taken, idle connections of strangers give way to newcomers (HttpRequest::admit).
  std::size_t max_connections = 4096;
  /// Strangers' connections from one address (/64 of IPv6); 0: an eighth of all.
  std::size_t max_connections_per_address = 0;
  std::chrono::milliseconds header_timeout{10'000};  ///< From first byte to whole head.
  /// From first byte to whole request, and as much longer as a body takes at the lowest rate; a
  /// route may say otherwise. Also how long a peer may send nothing of a body, or take nothing of
  /// its answer.
  std::chrono::milliseconds request_timeout{15'000};
  std::size_t min_body_bytes_per_second = 8 * 1024;
  std::chrono::milliseconds keep_alive_timeout{60'000};
  /// The same for strangers while they hold more than half of all connections.
  std::chrono::milliseconds pressed_keep_alive_timeout{5'000};
};

/// What a server has counted since it began to listen.
struct HttpServerStats {
  std::uint64_t connections = 0;          ///< Accepted, also those refused at once.
  std::uint64_t connections_refused = 0;  ///< Over `max_connections`, and none could give way.
  std::uint64_t refused_by_address = 0;   ///< Over `max_connections_per_address`, all at work.
  std::uint64_t gave_way = 0;             ///< Strangers' connections ended for newcomers.
  std::uint64_t no_descriptor = 0;        ///< Closed at once: the process had none left.
  std::uint64_t tls_failed = 0;           ///< Handshakes that failed or took too long.
  std::uint64_t requests = 0;             ///< Whole and well-formed.
  std::uint64_t malformed = 0;            ///< 400 and 501.
  std::uint64_t header_too_large = 0;     ///< 431.
  std::uint64_t body_too_large = 0;       ///< 413.
  std::uint64_t timed_out = 0;            ///< 408.
  std::uint64_t certificate_reloads = 0;  ///< Changed files that were taken.
  std::uint64_t certificate_refused = 0;  ///< Changed files that could not be used.
  /// When the certificate in use ends; nothing without TLS.
  std::optional<std::chrono::system_clock::time_point> certificate_expires;
  /// Whole days until then.
  [[nodiscard]] std::optional<std::int64_t> certificate_days_left() const;

  /// Everything that was refused or ended early, by kind, for metrics.
  [[nodiscard]] std::vector<std::pair<std::string_view, std::uint64_t>> refusals() const {
    return {{"connections", connections_refused},
            {"connections_by_address", refused_by_address},
            {"gave_way", gave_way},
            {"no_descriptor", no_descriptor},
            {"tls_failed", tls_failed},
            {"malformed", malformed},
            {"header_too_large", header_too_large},
            {"body_too_large", body_too_large},
            {"timed_out", timed_out}};
  }
};

/// An HTTP/1.1 and WebSocket server on a loop.
class HttpServer {
 public:
  /// `port_in_use`, `bad_address`, `bad_certificate`. Starts accepting. Any thread.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(
      EventLoop& loop, std::shared_ptr<const Router> router, const ListenOptions& options);
  /// Closes the listener and every connection; returns when none is left. Not on the loop's thread.
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Stops accepting; open connections go on.
  virtual void stop_accepting() = 0;
  /// Open connections, WebSockets among them. Thread-safe.
  [[nodiscard]] virtual std::size_t connection_count() const = 0;
  /// Thread-safe.
  [[nodiscard]] virtual HttpServerStats stats() const = 0;
};

}  // namespace surveillx::net
