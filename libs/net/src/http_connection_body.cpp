// How much body a request may bring, and how long it may take: decided when its head is there.
#include "surveillx/base/log.hpp"

#include "http_connection_pending.hpp"
#include "http_text.hpp"
#include "request_head.hpp"
#include "router_impl.hpp"
#include "target.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace surveillx::net {

namespace http = boost::beast::http;

namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

bool HttpConnection::check_body_limit() {
  const std::size_t usual = server_->options.max_body_bytes;
  const auto& message = parser_->get();
  Result<Target> target = target_of(message);
  const auto length = parser_->content_length();
  const bool may_be_large = !length || *length > usual;
  const Router::BodyGate* gate =
      target && may_be_large
          ? server_->router->impl().match_body_gate(view(message.method_string()), target->path)
          : nullptr;
  if (gate == nullptr) {
    if (!limit_body(usual)) return false;
    begin_body();
    return true;
  }
  phase_ = Phase::deciding;
  ++serial_;
  HttpRequest head = request_of(message, std::move(*target));
  const std::string path = head.path;
  // A verdict that is never given ends the request with 500, as an answer that is never given.
  const auto pending = std::make_shared<Pending>(*this);
  try {
    (*gate)(std::move(head), [pending](Router::BodyVerdict verdict) {
      pending->run([verdict = std::move(verdict)](HttpConnection& connection,
                                                  std::uint64_t serial) mutable {
        connection.body_decided(serial, std::move(verdict));
      });
    });
  } catch (const std::exception& e) {
    log::error("http.handler_failed", {{"path", path}, {"error", e.what()}});
  }
  return false;
}

void HttpConnection::body_decided(std::uint64_t serial, Router::BodyVerdict verdict) {
  if (phase_ != Phase::deciding || serial != serial_) return;
  phase_ = Phase::request;
  if (verdict.refusal) {
    timer_.cancel();
    keep_alive_ = false;
    unread_ = true;
    write_response(std::move(*verdict.refusal));
    return;
  }
  if (!limit_body(verdict.max_bytes)) return;
  begin_body();
  parse_input();
}

bool HttpConnection::limit_body(std::size_t max_bytes) {
  max_body_ = max_bytes;
  if (const auto length = parser_->content_length(); length && *length > max_bytes) {
    refuse_large_body(max_bytes);
    return false;
  }
  parser_->body_limit(max_bytes);
  return true;
}

void HttpConnection::refuse_large_body(std::size_t max_bytes) {
  ++server_->counters.body_too_large;
  refuse(413, "too_large",
         "The request's body is too large: at most " + std::to_string(max_bytes) +
             " bytes are taken here.");
}

void HttpConnection::begin_body() {
  parser_->eager(true);
  const auto& message = parser_->get();
  if (message.version() == 11 && input_.size() == 0 &&
      equal_ignoring_case(view(message[http::field::expect]), "100-continue")) {
    send_continue();
  }
  observe_head();
  watch_body();
}

/// A body may take the longer the more of it has come, so that a large one over a slow line
/// arrives and one that only trickles is given up.
void HttpConnection::watch_body() {
  const ListenOptions& options = server_->options;
  const auto earned = std::chrono::milliseconds(
      body_received_ * 1000 / std::max<std::size_t>(options.min_body_bytes_per_second, 1));
  const auto deadline = request_began_ + options.request_timeout + earned;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  timer_.start(std::max(left, std::chrono::milliseconds(0)),
               [weak = weak_from_this(), before = body_received_] {
                 const auto self = weak.lock();
                 if (!self || self->phase_ != Phase::request) return;
                 if (self->body_received_ > before) return self->watch_body();
                 ++self->server_->counters.timed_out;
                 self->refuse(408, "request_timeout", "The request took too long to arrive.");
               });
}

void HttpConnection::send_continue() {
  const asio::const_buffer line = asio::buffer(kContinue);
  continuing_ = !stream_->write({&line, 1}, shared_from_this());
}

}  // namespace surveillx::net
