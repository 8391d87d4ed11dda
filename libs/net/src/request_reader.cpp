#include "request_reader.hpp"

#include <boost/beast/core/buffers_to_string.hpp>

#include <algorithm>
#include <utility>

namespace surveillx::net {

namespace http = boost::beast::http;

void RequestReader::next() {
  begun_ = false;
  head_told_ = false;
  parser_.emplace();
  // Stops behind the head, where it is decided how much body may follow.
  parser_->eager(false);
  parser_->header_limit(static_cast<std::uint32_t>(max_header_bytes_));
  parser_->body_limit(boost::none);
}

boost::asio::mutable_buffer RequestReader::prepare() {
  constexpr std::size_t kChunk = 8 * 1024;
  constexpr std::size_t kBodyChunk = 64 * 1024;
  std::size_t size = kChunk;
  if (parser_ && parser_->is_header_done() && !parser_->is_done()) {
    const auto left = parser_->content_length_remaining();
    size = static_cast<std::size_t>(
        std::clamp<std::uint64_t>(left ? *left : kBodyChunk, kChunk, kBodyChunk));
  }
  return input_.prepare(size);
}

std::string RequestReader::input() const { return boost::beast::buffers_to_string(input_.data()); }

void RequestReader::discard() {
  parser_.reset();
  input_.clear();
}

RequestReader::Step RequestReader::step() {
  // A robust server skips line ends before a request (RFC 9112 section 2.2).
  while (!begun_ && input_.size() > 0) {
    const char first = *static_cast<const char*>(input_.data().data());
    if (first == '\r' || first == '\n') {
      input_.consume(1);
    } else {
      begun_ = true;
    }
  }
  while (input_.size() > 0 && !parser_->is_done()) {
    boost::system::error_code ec;
    input_.consume(parser_->put(input_.data(), ec));
    // Beast bounds the header, but not what precedes a chunk.
    const bool endless = parser_->is_header_done() && input_.size() > max_header_bytes_;
    if (ec == http::error::need_more && !endless) break;
    if (ec == http::error::header_limit) return Step::header_too_large;
    if (ec == http::error::body_limit) return Step::body_too_large;
    if (ec) return Step::malformed;
    if (parser_->is_header_done() && !std::exchange(head_told_, true)) return Step::head;
  }
  return parser_->is_done() ? Step::whole : Step::need_more;
}

std::optional<std::uint64_t> RequestReader::content_length() const {
  const auto length = parser_->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

void RequestReader::let_in(std::size_t max_body_bytes) {
  parser_->body_limit(max_body_bytes);
  parser_->eager(true);
}

std::string RequestReader::take_body() { return std::exchange(parser_->get().body(), {}); }

}  // namespace surveillx::net
