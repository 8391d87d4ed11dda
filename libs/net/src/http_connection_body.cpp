// What the head of a request decides about its body: how much may come, how fast, and whether it is
// collected or handed on.
#include "http_connection_pending.hpp"
#include "http_text.hpp"
#include "request_head.hpp"
#include "request_parts.hpp"

#include <utility>

namespace surveillx::net {

namespace http = boost::beast::http;

bool HttpConnection::head_arrived() {
  const RequestReader::Head& message = reader_.head();
  form_.version = message.version();
  form_.head_only = message.method() == http::verb::head;
  form_.keep_alive = reader_.keep_alive();
  if (const auto fault = head_fault(message)) {
    ++server_->counters.malformed;
    refuse(fault->status, fault->code, fault->detail);
    return false;
  }
  // What is no target is refused when the request is whole.
  target_ = target_of(*server_, message);
  const Router::Impl& routes = server_->router->impl();
  if (target_ && asks_for_web_socket(message) &&
      routes.match_upgrade(target_->path).route != nullptr) {
    upgrade_ = true;
    // The stream becomes the WebSocket's, so nothing of the request may still be under way: neither
    // its body nor a `100 Continue`.
    if (reader_.whole() && message.count(http::field::expect) == 0) return true;
    ++server_->counters.malformed;
    refuse(400, "bad_upgrade", "An upgrade brings no body and expects nothing.");
    return false;
  }
  route_ = target_ ? routes.find(view(message.method_string()), target_->path) : nullptr;
  const bool streamed = route_ != nullptr && route_->stream;
  if (reader_.whole() && !streamed) return true;

  static const RouteLimits kUsual;
  const RouteLimits& limits = route_ != nullptr ? route_->limits : kUsual;
  const ListenOptions& options = server_->options;
  clock_.set_pace(limits.request_timeout.value_or(options.request_timeout),
                  limits.min_body_bytes_per_second.value_or(options.min_body_bytes_per_second));
  const std::size_t usual = limits.max_body_bytes.value_or(options.max_body_bytes);
  const auto length = reader_.content_length();
  const bool may_be_large = !reader_.whole() && (!length || *length > usual);
  if (!may_be_large || !limits.gate) return let_in(usual);
  ask_gate(request_head(*target_));
  return false;
}

void HttpConnection::ask_gate(HttpRequest head) {
  phase_ = Phase::deciding;
  ++serial_;
  clock_.pause(RequestClock::Clock::now());
  const std::string path = head.path;
  // A verdict that is never given ends the request with 500, as an answer that is never given.
  const auto pending = std::make_shared<Pending>(*this);
  guarded(path, [&] {
    route_->limits.gate(std::move(head), [pending](BodyVerdict verdict) {
      pending->run(
          [verdict = std::move(verdict)](HttpConnection& connection, std::uint64_t serial) mutable {
            connection.body_decided(serial, std::move(verdict));
          });
    });
  });
}

void HttpConnection::body_decided(std::uint64_t serial, BodyVerdict verdict) {
  if (phase_ != Phase::deciding || serial != serial_) return;
  if (verdict.refusal) return respond(serial, std::move(*verdict.refusal));
  phase_ = Phase::request;
  clock_.resume(RequestClock::Clock::now());
  if (let_in(verdict.max_bytes)) advance();
}

bool HttpConnection::let_in(std::size_t max_bytes) {
  max_body_ = max_bytes;
  if (!reader_.whole()) {
    if (const auto length = reader_.content_length(); length && *length > max_bytes) {
      refuse_large_body(max_bytes);
      return false;
    }
    reader_.let_in(max_bytes);
  }
  if (route_ != nullptr && route_->stream) {
    open_stream();
    return false;
  }
  begin_body();
  observe_head();
  return true;
}

void HttpConnection::refuse_large_body(std::size_t max_bytes) {
  ++server_->counters.body_too_large;
  end_feed(BodyCut::too_large);
  refuse(413, "too_large",
         "The request's body is too large: at most " + std::to_string(max_bytes) +
             " bytes are taken here.");
}

void HttpConnection::begin_body() {
  const RequestReader::Head& message = reader_.head();
  if (message.version() == 11 && !reader_.whole() && !reader_.has_input() &&
      equal_ignoring_case(view(message[http::field::expect]), "100-continue")) {
    writer_->send_continue();
  }
  watch_body();
}

void HttpConnection::watch_body() {
  timer_.start(clock_.left(RequestClock::Clock::now()), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    if (self->phase_ != Phase::request && self->phase_ != Phase::streaming) return;
    if (self->clock_.left(RequestClock::Clock::now()).count() > 0) {
      return self->watch_body();
    }
    ++self->server_->counters.timed_out;
    self->end_feed(BodyCut::too_slow);
    self->refuse(408, "request_timeout", "The request took too long to arrive.");
  });
}

void HttpConnection::observe_head() {
  if (!target_) return;  // Refused when it is whole.
  const Router::HeadObserver* observer = server_->router->impl().match_head(target_->path);
  if (observer == nullptr) return;
  HttpRequest request = request_head(*target_);
  watch_ = std::make_shared<RequestWatch>();
  request.watch = watch_;
  guarded(request.path, [&] { (*observer)(request); });
}

// --- A body that is handed on ---

/// Gives the head to the handler. The connection keeps the rank of an unfinished request until its
/// body is there, so that a stranger's gives way.
void HttpConnection::open_stream() {
  phase_ = Phase::opening;
  taken_ = false;
  ++serial_;
  timer_.cancel();
  clock_.pause(RequestClock::Clock::now());
  if (!reader_.whole()) observe_head();
  if (!watch_) watch_ = std::make_shared<RequestWatch>();
  HttpRequest head = request_head(std::move(*target_));
  head.params = server_->router->impl().match(head.method, head.path).params;
  head.watch = watch_;

  IncomingBody body;
  body.length = reader_.whole() ? 0 : reader_.content_length();
  body.read_into = [loop = server_->loop_core, weak = weak_from_this(),
                    server = std::weak_ptr(server_),
                    serial = serial_](std::shared_ptr<BodySink> sink) {
    post_if_alive(loop, [weak, server, serial, sink = std::move(sink)]() mutable {
      if (const auto self = weak.lock()) {
        self->read_into(serial, std::move(sink));
      } else {
        const std::shared_ptr<ServerCore> open = server.lock();
        cut_sink(sink, !open || open->closing ? BodyCut::closing : BodyCut::peer_gone);
      }
    });
  };
  const std::string path = head.path;
  guarded(path, [&] {
    route_->stream(std::move(head), std::move(body),
                   [pending = std::make_shared<Pending>(*this)](HttpResponse response) {
                     pending->answer(std::move(response));
                   });
  });
}

void HttpConnection::read_into(std::uint64_t serial, std::shared_ptr<BodySink> sink) {
  if (phase_ == Phase::over) {
    return cut_sink(sink, server_->closing ? BodyCut::closing : BodyCut::peer_gone);
  }
  if (phase_ != Phase::opening || serial != serial_) {
    const bool taken = taken_ && serial == serial_;
    return cut_sink(sink, taken ? BodyCut::surplus : BodyCut::answered);
  }
  taken_ = true;
  phase_ = Phase::streaming;
  feed_ = std::make_shared<BodyFeed>(server_->loop_core, std::move(sink),
                                     [weak = weak_from_this()](bool ok) {
                                       if (const auto self = weak.lock()) self->chunk_taken(ok);
                                     });
  clock_.resume(RequestClock::Clock::now());
  begin_body();
  advance();
}

void HttpConnection::hand_on(bool whole) {
  if (std::string bytes = reader_.take_body(); !bytes.empty()) {
    timer_.cancel();
    clock_.pause(RequestClock::Clock::now());
    feed_->give(std::move(bytes));
    return;
  }
  if (!whole) return read_more();
  timer_.cancel();
  phase_ = Phase::handling;
  server_->table.set_rank(id_, StrangerTable::Rank::busy);
  ++server_->counters.requests;
  const std::shared_ptr<BodyFeed> feed = std::exchange(feed_, nullptr);
  if (!feed->end()) {
    return respond(serial_, HttpResponse::failed());
  }
  watch_peer();
}

void HttpConnection::chunk_taken(bool ok) {
  if (phase_ != Phase::streaming) return;
  if (!ok) {
    return respond(serial_, HttpResponse::failed());
  }
  clock_.resume(RequestClock::Clock::now());
  watch_body();
  advance();
}

void HttpConnection::end_feed(BodyCut why) {
  if (const std::shared_ptr<BodyFeed> feed = std::exchange(feed_, nullptr)) feed->cut(why);
}

}  // namespace surveillx::net
