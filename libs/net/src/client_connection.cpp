#include "client_connection.hpp"

#include "http_text.hpp"

#include <boost/beast/core/buffers_to_string.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace surveillx::net {

namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t kMaxHeaderBytes = 64 * 1024;

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

Result<std::string> request_head(const ClientRequest& request, const std::string& authority,
                                 const std::string& target) {
  if (!is_field_name(request.method)) return Error{kInvalidArgument, "the method is not a token"};
  std::string head = request.method + " " + target + " HTTP/1.1\r\n";
  if (!request.headers.has("Host")) head += "Host: " + authority + "\r\n";
  for (const auto& [name, value] : request.headers.all()) {
    if (equal_ignoring_case(name, "Content-Length")) continue;
    if (!is_field_name(name) || !is_field_value(value)) {
      return Error{kInvalidArgument, "a header's name or value holds forbidden characters"};
    }
    head += name + ": " + value + "\r\n";
  }
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (has_body) head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return head + "\r\n";
}

void ClientConnection::exchange(Exchange exchange, Done done) {
  exchange_ = std::move(exchange);
  done_ = std::move(done);
  idle_closed_ = nullptr;
  heard_ = false;
  reusable_ = false;
  reset_parser();
  const std::array<asio::const_buffer, 2> buffers{
      asio::buffer(exchange_.head), asio::buffer(exchange_.body.data(), exchange_.body.size())};
  // A pending write does not keep the answer (an early 413) from being read.
  static_cast<void>(stream_->write(buffers, shared_from_this()));
  if (!reading_) read_more();
}

void ClientConnection::reset_parser() {
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(kMaxHeaderBytes);
  parser_->body_limit(exchange_.max_body_bytes);
  parser_->skip(exchange_.head_only);
}

void ClientConnection::watch_idle(std::function<void()> closed) {
  idle_closed_ = std::move(closed);
  if (!reading_) read_more();
}

void ClientConnection::close() {
  done_ = nullptr;
  idle_closed_ = nullptr;
  reusable_ = false;
  if (stream_) stream_->close();
}

std::string ClientConnection::take_received() {
  return boost::beast::buffers_to_string(input_.data());
}

void ClientConnection::read_more() {
  constexpr std::size_t kChunk = 8 * 1024;
  constexpr std::size_t kBodyChunk = 64 * 1024;
  std::size_t size = kChunk;
  if (parser_ && parser_->is_header_done()) {
    if (const auto left = parser_->content_length_remaining(); left && *left > kChunk) {
      size = static_cast<std::size_t>(std::min<std::uint64_t>(*left, kBodyChunk));
    }
  }
  reading_ = true;
  stream_->read(input_.prepare(size), shared_from_this());
}

void ClientConnection::on_read(const error_code& ec, std::size_t size) {
  reading_ = false;
  if (!ec) input_.commit(size);
  if (!done_) {
    reusable_ = false;
    if (const auto closed = std::exchange(idle_closed_, nullptr)) closed();
    return;
  }
  if (!ec) {
    heard_ = heard_ || size > 0;
    parse_input();
    return;
  }
  // An answer without a length ends with the connection.
  error_code end;
  if (parser_->is_header_done()) {
    parser_->put_eof(end);
    if (!end && parser_->is_done()) {
      deliver();
      return;
    }
  }
  fail(kUnavailable, "the server closed the connection: " + ec.message());
}

void ClientConnection::on_written(const error_code& ec) {
  // When writing fails the server has gone or has answered early; reading tells which.
  static_cast<void>(ec);
}

void ClientConnection::parse_input() {
  for (;;) {
    while (input_.size() > 0 && !parser_->is_done()) {
      error_code ec;
      input_.consume(parser_->put(input_.data(), ec));
      if (ec == http::error::need_more) {
        if (input_.size() > kMaxHeaderBytes) {
          fail(kUnavailable, "the server's answer is not well-formed HTTP");
          return;
        }
        break;
      }
      if (ec == http::error::body_limit) {
        fail(kUnavailable, "the server's answer is too large");
        return;
      }
      if (ec) {
        fail(kUnavailable, "the server's answer is not well-formed HTTP: " + ec.message());
        return;
      }
    }
    if (!parser_->is_done()) {
      read_more();
      return;
    }
    const unsigned status = parser_->get().result_int();
    if (status >= 200 || status == 101) break;
    reset_parser();  // 100 and 103 announce the real answer.
  }
  deliver();
}

void ClientConnection::deliver() {
  reusable_ = parser_->get().keep_alive() && !parser_->get().need_eof() && input_.size() == 0 &&
              !stream_->writing();
  auto message = parser_->release();
  parser_.reset();
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    response.headers.add(text(field.name_string()), text(field.value()));
  }
  response.body = SharedBytes(std::move(message.body()));
  exchange_.body = SharedBytes();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(response));
}

void ClientConnection::fail(ErrorName name, std::string message) {
  reusable_ = false;
  stream_->close();
  const Done done = std::exchange(done_, nullptr);
  done(Error{name, std::move(message)});
}

}  // namespace surveillx::net
