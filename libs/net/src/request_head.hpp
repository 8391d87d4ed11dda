#pragma once

#include <boost/beast/http/message.hpp>

#include <optional>
#include <string_view>

namespace surveillx::net {

/// Beast's own kind of view as the standard's.
[[nodiscard]] inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// Why a request is refused for its head, with the answer.
struct HeadFault {
  int status = 400;
  std::string_view code;
  std::string_view detail;
};

/// Whether a request wants this connection to become a WebSocket (RFC 6455 section 4.2.1). Pure.
[[nodiscard]] bool asks_for_web_socket(const boost::beast::http::request_header<>& head);

/// What Beast's parser lets through and this server does not. Pure.
[[nodiscard]] std::optional<HeadFault> head_fault(const boost::beast::http::request_header<>& head);

}  // namespace surveillx::net
