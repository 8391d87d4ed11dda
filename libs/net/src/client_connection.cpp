#include "client_connection.hpp"

#include "http_text.hpp"

#include <boost/beast/core/buffers_to_string.hpp>

#include <array>
#include <utility>

namespace surveillx::net {

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
  reader_.emplace(exchange_.head_only, exchange_.max_body_bytes);
  const std::array<asio::const_buffer, 2> buffers{
      asio::buffer(exchange_.head), asio::buffer(exchange_.body.data(), exchange_.body.size())};
  // A pending write does not keep the answer (an early 413) from being read.
  static_cast<void>(stream_->write(buffers, shared_from_this()));
  if (!reading_) read_more();
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
  constexpr std::size_t kIdle = 1024;
  reading_ = true;
  stream_->read(input_.prepare(reader_ ? reader_->wanted() : kIdle), shared_from_this());
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
  if (reader_->end()) {
    deliver();
    return;
  }
  fail(kUnavailable, "the server closed the connection: " + ec.message());
}

void ClientConnection::on_written(const error_code& ec) {
  // When writing fails the server has gone or has answered early; reading tells which.
  static_cast<void>(ec);
}

void ClientConnection::parse_input() {
  const Result<bool> whole = reader_->take(input_);
  if (!whole) {
    fail(whole.error().name, whole.error().message);
  } else if (*whole) {
    deliver();
  } else {
    read_more();
  }
}

void ClientConnection::deliver() {
  reusable_ = reader_->keeps_alive() && input_.size() == 0 && !stream_->writing();
  HttpResponse response = reader_->release();
  reader_.reset();
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
