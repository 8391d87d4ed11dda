#pragma once

#include "server_core.hpp"
#include "stream.hpp"
#include "target.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace surveillx::net {

/// One HTTP/1.1 connection of a server: requests one after another, then perhaps a WebSocket. The
/// bytes go through Beast's parser by hand, which keeps its limits and keeps its templates few.
class HttpConnection final : public Peer,
                             public StreamUser,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  /// `group`: who counts as one peer with this one (address_group).
  HttpConnection(std::shared_ptr<ServerCore> server, tcp::socket socket, std::string group);
  /// Registers with the server and begins. `shared`: the peer speaks for many.
  void start(bool shared);
  /// Registers, answers 503 and closes.
  void start_refused();
  void terminate() override { finish(); }

  void on_read(const error_code& ec, std::size_t size) override;
  void on_written(const error_code& ec) override;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class Phase { handshake, request, deciding, handling, writing, lingering, over };
  class Pending;

  void next_request();
  void read_more();
  void parse_input();
  /// What Beast's parser lets through and this server does not; false when it was refused.
  bool check_header();
  /// Finds out how much body the request may have; false while that is being decided, and when it
  /// was refused.
  bool check_body_limit();
  void body_decided(std::uint64_t serial, Router::BodyVerdict verdict);
  /// False when the request was refused for the length it tells.
  bool limit_body(std::size_t max_bytes);
  void refuse_large_body(std::size_t max_bytes);
  void begin_body();
  void watch_body();
  void send_continue();
  void send_response();
  void dispatch_request();
  void dispatch_upgrade(HttpRequest request, const std::string& key);
  [[nodiscard]] Result<Target> target_of(const Parser::value_type& message) const;
  [[nodiscard]] HttpRequest request_of(const Parser::value_type& message, Target target) const;
  [[nodiscard]] std::optional<HttpRequest> take_request();
  /// Shows a request whose body is still arriving to who asked for that.
  void observe_head();
  /// The peer went away before its answer.
  void abandon();

  void respond(std::uint64_t serial, HttpResponse response);
  void open_web_socket(std::uint64_t serial, const WebSocketOptions& options,
                       const std::string& key, const std::function<void(WebSocketPtr)>& opened);
  /// Answers a request that is not read to its end, then closes.
  void refuse(int status, std::string_view code, std::string_view detail);
  void write_response(HttpResponse response);
  void watch_writing();
  void response_written();
  void linger();
  void finish();

  std::shared_ptr<ServerCore> server_;
  std::shared_ptr<Stream> stream_;
  std::string group_;
  std::shared_ptr<PeerStanding> standing_;
  std::uint64_t id_ = 0;
  bool refused_ = false;
  Phase phase_ = Phase::handshake;
  Timer timer_;
  boost::beast::flat_buffer input_;
  std::optional<Parser> parser_;
  std::shared_ptr<RequestWatch> watch_;  ///< Of the request that is read or handled.
  bool reading_ = false;
  bool request_begun_ = false;
  bool header_checked_ = false;
  std::chrono::steady_clock::time_point request_began_;
  std::uint64_t body_received_ = 0;  ///< About: as it came, with what frames it.
  std::size_t max_body_ = 0;
  bool fresh_ = true;  ///< No request was answered yet.
  std::uint64_t serial_ = 0;
  bool head_only_ = false;
  bool keep_alive_ = false;
  bool continuing_ = false;  ///< "100 Continue" is being written.
  bool unread_ = false;      ///< The peer may still be sending: closing must not reset.
  unsigned version_ = 11;
  std::string client_address_;  ///< Of the request that asks for an upgrade.
  std::string head_;
  SharedBytes body_;
};

}  // namespace surveillx::net
