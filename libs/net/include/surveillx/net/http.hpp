#pragma once

#include "surveillx/base/bytes.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::net {

/// Header names compare without case and are kept as sent.
class Headers {
 public:
  /// The first value of `name`, or an empty view.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  void add(std::string name, std::string value);
  /// Replaces every earlier value.
  void set(std::string name, std::string value);
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

/// Whether anybody still waits for the answer to a request: for handlers that answer late, such as
/// long polling. Loop thread only; shared by the request and the connection.
struct RequestWatch {
  /// Called once when the peer went away before it was answered. Set it on the loop, before the
  /// handler (or the head observer) returns. A streamed route (Router::add_streamed) hears it beside
  /// its sink's cut, which comes first; while the body arrives a peer that only ended its side has
  /// gone, and while a sink holds a chunk nobody looks.
  std::function<void()> on_abandoned;
  bool abandoned = false;
};

/// What a server holds of the one behind a connection: a stranger until `admit`, called by who
/// has found out that the request comes from somebody known. Strangers' connections are bounded by
/// address and give way when there are too many. Thread-safe.
class PeerStanding {
 public:
  /// `admitted` runs once, on the thread that calls `admit`.
  explicit PeerStanding(std::function<void()> admitted) : tell_(std::move(admitted)) {}
  void admit() {
    if (!admitted_.exchange(true) && tell_) tell_();
  }
  [[nodiscard]] bool admitted() const { return admitted_; }

 private:
  std::atomic<bool> admitted_{false};
  std::function<void()> tell_;
};

struct HttpRequest {
  std::string method;  ///< Upper case.
  std::string path;    ///< Percent-decoded, normalised, without the query; starts with `/`.
  std::vector<std::pair<std::string, std::string>> query;  ///< Percent-decoded.
  Headers headers;
  std::string body;
  /// Text of the client's IP address: the peer's, or what a trusted proxy says (net/proxies.hpp).
  std::string remote_address;
  std::string peer_address;  ///< Text of the socket's IP address, whoever it speaks for.
  std::uint16_t peer_port = 0;
  std::uint16_t local_port = 0;
  std::string host;     ///< The authority that the client asked for: as `remote_address`, or Host.
  bool tls = false;     ///< Of this connection.
  bool secure = false;  ///< `tls`, or a trusted proxy says that its side is HTTPS.
  bool via_proxy = false;  ///< From a trusted proxy, or one stands before us that was not named.
  unsigned version = 11;   ///< 10: HTTP/1.0.
  std::map<std::string, std::string> params;  ///< From the route's `{name}` parts.
  std::shared_ptr<RequestWatch> watch;        ///< Null in requests that no server made.
  std::shared_ptr<PeerStanding> standing;     ///< Of the connection; null as `watch`.

  /// The connection belongs to somebody known. Any thread.
  void admit() const {
    if (standing) standing->admit();
  }

  /// The first query value of `key`, or an empty view.
  [[nodiscard]] std::string_view query_value(std::string_view key) const;
  /// The value of a cookie, or an empty view (RFC 6265).
  [[nodiscard]] std::string_view cookie(std::string_view name) const;
};

class BodySource;

struct HttpResponse {
  int status = 200;
  Headers headers;
  SharedBytes body;
  /// Gives the body piece by piece in place of `body` (net/body_source.hpp). Only for servers.
  std::shared_ptr<BodySource> source;

  [[nodiscard]] static HttpResponse text(int status, std::string body);
  /// `body` is serialised JSON.
  [[nodiscard]] static HttpResponse json(int status, std::string body);
  /// RFC 9457 problem+json: `{type: "about:blank", title, status, code, detail}`.
  [[nodiscard]] static HttpResponse problem(int status, std::string_view code,
                                            std::string_view detail);
  /// 503 `busy`: a pool is full; try again in a second.
  [[nodiscard]] static HttpResponse busy();
  /// 500 `internal_error`: a handler failed, and the log says why.
  [[nodiscard]] static HttpResponse failed();
};

/// Answers one request, once, from any thread. Dropping it unanswered answers 500.
using HttpResponder = std::function<void(HttpResponse)>;

}  // namespace surveillx::net
