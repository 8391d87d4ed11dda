#pragma once

#include "surveillx/base/error.hpp"

#include <string>
#include <string_view>

namespace surveillx::camera {

/// Why no signalling came about, in words for who started the camera, and what to do. `server` as it
/// was given; `pinned`: with a pin.
[[nodiscard]] std::string connect_advice(const Error& error, const std::string& server,
                                         bool pinned);

/// The parts of `ws[s]://HOST:PORT/PATH`.
struct ServerAddress {
  bool tls = false;
  std::string host;  ///< Without brackets.
  std::string port;  ///< Empty when none was given.
  std::string path;  ///< Empty, or from its `/` on, without the query.

  /// With the port that was given, or another.
  [[nodiscard]] std::string url(bool with_tls, const std::string& at_port) const;
};
[[nodiscard]] ServerAddress split_server(std::string_view server);

}  // namespace surveillx::camera
