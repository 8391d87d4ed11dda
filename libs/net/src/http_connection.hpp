#pragma once

#include "body_feed.hpp"
#include "request_clock.hpp"
#include "request_reader.hpp"
#include "response_writer.hpp"
#include "router_impl.hpp"
#include "server_core.hpp"
#include "stream.hpp"
#include "target.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::net {

/// One HTTP/1.1 connection of a server: requests one after another, then perhaps a WebSocket. It
/// decides what comes next; reading, writing and handing on bodies are RequestReader,
/// ResponseWriter and BodyFeed.
class HttpConnection final : public Peer,
                             public StreamReader,
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

 private:
  enum class Phase {
    handshake,
    request,    ///< A head is read, or a body that is collected.
    deciding,   ///< A gate is asked how much body may come.
    opening,    ///< The handler has the head and has not asked for the body yet.
    streaming,  ///< The body goes to the handler's sink.
    handling,
    writing,
    lingering,
    over,
  };
  class Pending;

  // http_connection.cpp: lifetime, and the bytes that come.
  void next_request();
  void request_began();
  void read_more();
  /// Goes on with what has come.
  void advance();
  void linger();
  void finish();

  // http_connection_body.cpp: what the head decides about the body, and a body that is handed on.
  /// False when the request waits for a decision, is handed on, or was refused.
  bool head_arrived();
  void ask_gate(HttpRequest head);
  void body_decided(std::uint64_t serial, BodyVerdict verdict);
  /// As `head_arrived`.
  bool let_in(std::size_t max_bytes);
  void begin_body();
  void watch_body();
  void open_stream();
  void read_into(std::uint64_t serial, std::shared_ptr<BodySink> sink);
  void hand_on(bool whole);
  void chunk_taken(bool ok);
  void end_feed(BodyCut why);
  void refuse_large_body(std::size_t max_bytes);
  /// Shows a request whose body is still arriving to who asked for that.
  void observe_head();

  // http_connection_answer.cpp: from the whole request to the end of its answer.
  [[nodiscard]] HttpRequest request_head(Target target);
  [[nodiscard]] std::optional<HttpRequest> take_request();
  void dispatch_request();
  void dispatch_upgrade(HttpRequest request, const std::string& key);
  void open_web_socket(std::uint64_t serial, WebSocketOptions options, std::string remote_address,
                       const std::string& key, const std::function<void(WebSocketPtr)>& opened);
  void respond(std::uint64_t serial, HttpResponse response);
  /// Answers a request that is not read to its end, then closes.
  void refuse(int status, std::string_view code, std::string_view detail);
  void write_response(HttpResponse response);
  void answer_over(ResponseWriter::End end);
  /// Reads to notice that the peer goes away.
  void watch_peer();
  /// The peer went away before its answer.
  void abandon();

  std::shared_ptr<ServerCore> server_;
  std::shared_ptr<Stream> stream_;
  std::shared_ptr<ResponseWriter> writer_;
  std::string group_;
  std::shared_ptr<PeerStanding> standing_;
  std::uint64_t id_ = 0;
  bool refused_ = false;
  bool fresh_ = true;  ///< No request was answered yet.
  Phase phase_ = Phase::handshake;
  Timer timer_;
  bool reading_ = false;
  RequestReader reader_;

  // Of the request that is read or handled.
  std::uint64_t serial_ = 0;
  RequestClock clock_;
  Result<Target> target_ = Target{};            ///< Read when the head is there.
  const Router::Impl::Route* route_ = nullptr;  ///< Null: none fits.
  std::size_t max_body_ = 0;
  bool upgrade_ = false;  ///< It asks for a WebSocket where there are some.
  AnswerForm form_;
  std::shared_ptr<RequestWatch> watch_;
  bool taken_ = false;              ///< A sink has come for its body.
  std::shared_ptr<BodyFeed> feed_;  ///< While `streaming`.
  bool unread_ = false;             ///< The peer may still be sending: closing must not reset.
};

}  // namespace surveillx::net
