#pragma once

#include "surveillx/net/http.hpp"

#include <string>

namespace surveillx::socketio {

/// Why a request is refused: the codes and words of the reference implementation.
enum class EngineRefusal {
  unknown_transport = 0,
  unknown_sid = 1,
  bad_handshake_method = 2,
  bad_request = 3,
  forbidden = 4,
  unsupported_version = 5,
  too_large,
  too_many_sessions,
};

[[nodiscard]] net::HttpResponse engine_error(EngineRefusal why);
/// 200 with a payload. Plain text also when packets are base64: since protocol 4 that is text like
/// any other, and the reference server refuses `application/octet-stream`.
[[nodiscard]] net::HttpResponse polling_answer(std::string body);
/// Whether the Origin header names the host that the request was sent to.
[[nodiscard]] bool same_host(const net::HttpRequest& request);

}  // namespace surveillx::socketio
