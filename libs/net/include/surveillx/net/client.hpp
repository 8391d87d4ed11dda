#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "surveillx/base/error.hpp"
#include "surveillx/net/certificate.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http.hpp"
#include "surveillx/net/web_socket.hpp"

namespace surveillx::net {

inline constexpr ErrorName kConnectFailed{"connect_failed"};
inline constexpr ErrorName kTlsUntrusted{"tls_untrusted"};
inline constexpr ErrorName kUpgradeRefused{"upgrade_refused"};
/// The server answered a WebSocket's request as a web site does, with a page or a redirection.
inline constexpr ErrorName kNotWebSocket{"not_a_web_socket"};
/// The server speaks no TLS, and `https:` or `wss:` was asked for.
inline constexpr ErrorName kNotTls{"not_tls"};
/// The server speaks TLS, and `ws:` was asked for.
inline constexpr ErrorName kTlsExpected{"tls_expected"};
inline constexpr ErrorName kBadUrl{"bad_url"};

/// How a client decides that a TLS server is the right one. With a pin or a certificate, that alone
/// decides, whatever name the server's certificate has and whoever signed it.
struct TlsTrust {
  std::string ca_file;  ///< PEM; empty: the system's authorities.
  /// SHA-256 of the public key (its SubjectPublicKeyInfo, DER), so that a renewal with the same key
  /// stays trusted; or of a whole certificate, as it was given out before. Hexadecimal; empty: none.
  std::string pin_sha256;
  /// PEM: the server has to hold the key of this certificate. Read at each connection.
  std::string certificate_file{};
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  ///< http[s]:// or ws[s]://, with path and query.
  Headers headers;
  SharedBytes body;
  TlsTrust trust;
  std::chrono::milliseconds timeout{10'000};
  std::size_t max_body_bytes = 64 * 1024 * 1024;
};

/// Keeps one connection a host open between requests (HTTP/1.1 keep-alive), one request at a time
/// each. Calls and callbacks on the loop's thread. Destroying it cancels: callbacks get `unavailable`.
class HttpClient {
 public:
  explicit HttpClient(EventLoop& loop);
  ~HttpClient();
  void request(ClientRequest request, std::function<void(Result<HttpResponse>)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Opens a WebSocket. `done` gets the connection or `connect_failed`, `tls_untrusted`, `not_tls`,
/// `tls_expected` (found out by a second connection that sends no request), `not_a_web_socket`,
/// `not_found` (HTTP 404), `upgrade_refused` (with another HTTP status in the message), `timeout`.
/// Loop thread.
void connect_web_socket(EventLoop& loop, ClientRequest request, WebSocketOptions options,
                        std::function<void(Result<WebSocketPtr>)> done);

}  // namespace surveillx::net
