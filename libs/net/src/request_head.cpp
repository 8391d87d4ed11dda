#include "request_head.hpp"

#include "http_text.hpp"

namespace surveillx::net {

namespace http = boost::beast::http;

bool asks_for_web_socket(const http::request_header<>& head) {
  return head.method() == http::verb::get && head.version() == 11 &&
         has_token(view(head[http::field::connection]), "upgrade") &&
         has_token(view(head[http::field::upgrade]), "websocket");
}

std::optional<HeadFault> head_fault(const http::request_header<>& head) {
  const std::size_t hosts = head.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && head.version() == 11)) {
    return HeadFault{400, "malformed_request", "The request needs exactly one Host field."};
  }
  // Other codings, or chunked twice, could make a proxy and this server disagree on where the
  // request ends (RFC 9112 section 6.1).
  const std::size_t codings = head.count(http::field::transfer_encoding);
  if (codings == 0) return std::nullopt;
  const auto coding = head[http::field::transfer_encoding];
  if (codings > 1 || head.version() == 10 ||
      !equal_ignoring_case(trimmed({coding.data(), coding.size()}), "chunked")) {
    return HeadFault{501, "transfer_encoding", "The only transfer coding understood is chunked."};
  }
  return std::nullopt;
}

}  // namespace surveillx::net
