#include "request_reader.hpp"

#include <boost/beast/core/buffers_to_string.hpp>

#include <algorithm>
#include <utility>

namespace surveillx::net {

namespace http = boost::beast::http;

void RequestReader::next() {
  begun_ = false;
  head_told_ = false;
  head_bytes_ = 0;
  parser_.emplace();
  // Stops behind the head, where it is decided how much body may follow, and behind each piece of
  // framing, which is measured.
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
    const std::size_t before = input_.size();
    if (const Step step = go_on(); step != Step::need_more) return step;
    if (input_.size() == before) break;
  }
  return parser_->is_done() ? Step::whole : Step::need_more;
}

/// One element: the start line, the fields, what precedes a chunk, some of a body.
RequestReader::Step RequestReader::go_on() {
  const bool in_head = !head_told_;
  const std::size_t body_before = parser_->get().body().size();
  boost::system::error_code ec;
  const std::size_t taken = parser_->put(input_.data(), ec);
  input_.consume(taken);
  if (ec == http::error::header_limit) return Step::header_too_large;
  if (ec == http::error::body_limit) return Step::body_too_large;
  if (ec && ec != http::error::need_more) return Step::malformed;
  // Beast bounds neither of these, or only what has not come whole.
  const std::size_t waiting = ec ? input_.size() : 0;
  if (in_head) {
    head_bytes_ += taken;
    if (head_bytes_ + waiting > max_header_bytes_) return Step::header_too_large;
    if (!parser_->is_header_done()) return Step::need_more;
    head_told_ = true;
    // Moved, so that a trailer does not end among these fields, where it would pass for what a
    // proxy said.
    head_ = std::move(parser_->get().base());
    return Step::head;
  }
  const bool framing = parser_->get().body().size() == body_before;
  return framing && taken + waiting > max_header_bytes_ ? Step::malformed : Step::need_more;
}

std::optional<std::uint64_t> RequestReader::content_length() const {
  const auto length = parser_->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

void RequestReader::let_in(std::size_t max_body_bytes) { parser_->body_limit(max_body_bytes); }

std::string RequestReader::take_body() { return std::exchange(parser_->get().body(), {}); }

}  // namespace surveillx::net
