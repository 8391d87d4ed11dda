#include "answer_reader.hpp"

#include "request_head.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace surveillx::net {

namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t kMaxHeaderBytes = 64 * 1024;

}  // namespace

AnswerReader::AnswerReader(bool head_only, std::size_t max_body_bytes)
    : head_only_(head_only), max_body_bytes_(max_body_bytes) {
  reset();
}

void AnswerReader::reset() {
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(kMaxHeaderBytes);
  parser_->body_limit(max_body_bytes_);
  parser_->skip(head_only_);
}

Result<bool> AnswerReader::take(boost::beast::flat_buffer& input) {
  for (;;) {
    while (input.size() > 0 && !parser_->is_done()) {
      boost::system::error_code ec;
      input.consume(parser_->put(input.data(), ec));
      if (ec == http::error::need_more) {
        if (input.size() > kMaxHeaderBytes) {
          return Error{kUnavailable, "the server's answer is not well-formed HTTP"};
        }
        break;
      }
      if (ec == http::error::body_limit) {
        return Error{kUnavailable, "the server's answer is too large"};
      }
      if (ec) {
        return Error{kUnavailable, "the server's answer is not well-formed HTTP: " + ec.message()};
      }
    }
    if (!parser_->is_done()) return false;
    const unsigned status = parser_->get().result_int();
    if (status >= 200 || status == 101) return true;
    reset();  // 100 and 103 announce the real answer.
  }
}

bool AnswerReader::end() {
  if (!parser_->is_header_done()) return false;
  boost::system::error_code ec;
  parser_->put_eof(ec);
  return !ec && parser_->is_done();
}

std::size_t AnswerReader::wanted() const {
  constexpr std::size_t kChunk = 8 * 1024;
  constexpr std::size_t kBodyChunk = 64 * 1024;
  if (!parser_->is_header_done()) return kChunk;
  const auto left = parser_->content_length_remaining();
  if (!left || *left <= kChunk) return kChunk;
  return static_cast<std::size_t>(std::min<std::uint64_t>(*left, kBodyChunk));
}

bool AnswerReader::keeps_alive() const {
  return parser_->get().keep_alive() && !parser_->get().need_eof();
}

HttpResponse AnswerReader::release() {
  auto message = parser_->release();
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    response.headers.add(std::string(view(field.name_string())), std::string(view(field.value())));
  }
  response.body = SharedBytes(std::move(message.body()));
  return response;
}

}  // namespace surveillx::net
