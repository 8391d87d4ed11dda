#pragma once

#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/body_sink.hpp"
#include "surveillx/net/http.hpp"
#include "surveillx/net/web_socket.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace surveillx::net {

/// How large the body of one request may be, or why it is refused before it is read.
struct BodyVerdict {
  std::size_t max_bytes = 0;
  std::optional<HttpResponse> refusal;
};
/// Decides when the head of a request is there, `body` being empty, and answers once, now or later,
/// on any thread; nothing more is read before that. Asked on the loop, and only for a body larger
/// than the route takes from anybody, or of a length that is not told.
using BodyGate = std::function<void(HttpRequest head, std::function<void(BodyVerdict)> decide)>;

/// What a route takes of a request. What is not said is as in ListenOptions.
struct RouteLimits {
  /// Of any request; with a gate, of one that the gate is not asked about.
  std::optional<std::size_t> max_body_bytes = std::nullopt;
  /// From first byte to whole request, and as much longer as a body takes at the lowest rate; but
  /// never longer than this at a stretch without a byte. Time for which the server itself does not
  /// read is not counted.
  std::optional<std::chrono::milliseconds> request_timeout = std::nullopt;
  std::optional<std::size_t> min_body_bytes_per_second = std::nullopt;
  BodyGate gate = nullptr;
};

/// Routes by method and path; a pattern's segments are literal or `{name}`, and a final `{*rest}`
/// takes what is left. A path that matches with another method is 405 with `Allow`.
/// HEAD is answered by GET's handler without the body. Filled before listening, const afterwards.
class Router {
 public:
  /// Runs on the loop; must not block; answers through the responder.
  using AsyncHandler = std::function<void(HttpRequest, HttpResponder)>;
  /// Runs on the pool and may block. When the pool is full the request is answered 503.
  using BlockingHandler = std::function<HttpResponse(const HttpRequest&)>;
  /// Gets a request when its head is there, on the loop, and asks for its body when it wants it
  /// (`body.read_into`), now or later; until then nothing is read, so that it can find out first
  /// who is asking. It may answer at any time: an answer before the body's end ends the connection.
  /// What concerns the body its sink hears (BodySink::cut); `head.watch` tells of a peer that goes
  /// between the body's end and the answer.
  using StreamHandler = std::function<void(HttpRequest head, IncomingBody body, HttpResponder)>;
  /// Who takes the body of this request, or the answer that refuses it unread. On the pool, so too
  /// late and on the wrong thread for `head.watch`: the sink's cut tells.
  using SinkFactory = std::function<std::variant<std::unique_ptr<BlockingBodySink>, HttpResponse>(
      const HttpRequest& head)>;
  /// Decides about an upgrade: call `accept` (the connection comes to `opened`, on the loop, unless
  /// the peer has gone meanwhile) or `refuse`, once, now or later, on any thread. Dropping it
  /// undecided answers 500.
  struct Upgrade {
    HttpRequest request;
    WebSocketOptions options;  ///< The handler may change them before it accepts.
    std::function<void(const WebSocketOptions&, std::function<void(WebSocketPtr)>)> accept_with;
    std::function<void(HttpResponse)> refuse;

    void accept(std::function<void(WebSocketPtr)> opened) const {
      accept_with(options, std::move(opened));
    }
  };
  using UpgradeHandler = std::function<void(Upgrade)>;

  Router();
  ~Router();
  void add(std::string_view method, std::string_view pattern, AsyncHandler handler,
           RouteLimits limits = {});
  void add_blocking(std::string_view method, std::string_view pattern, WorkerPool& pool,
                    BlockingHandler handler, RouteLimits limits = {});
  /// A route whose body is not collected but handed on as it arrives.
  void add_streamed(std::string_view method, std::string_view pattern, StreamHandler handler,
                    RouteLimits limits = {});
  /// The same on a pool, which outlives the server. When it is full the request is answered 503; an
  /// upload that was begun goes on, one chunk of it in the queue at most.
  void add_streamed_blocking(std::string_view method, std::string_view pattern, WorkerPool& pool,
                             SinkFactory open, RouteLimits limits = {});
  /// WebSocket upgrades on this path.
  void add_upgrade(std::string_view pattern, UpgradeHandler handler);
  /// Sees a request to `pattern` whose body is still arriving: `body` is empty, and the `watch` is
  /// the same object that the handler gets with the whole request, if that ever comes. Loop.
  using HeadObserver = std::function<void(const HttpRequest&)>;
  void add_head_observer(std::string_view pattern, HeadObserver observer);
  /// What runs when no route matches; 404 problem+json by default.
  void set_fallback(AsyncHandler handler);
  /// Added to every answer (security headers).
  void set_default_header(std::string name, std::string value);

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace surveillx::net
