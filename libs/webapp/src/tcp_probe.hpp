#pragma once

#include <chrono>
#include <string>

namespace surveillx::webapp {

/// Whether something accepts TCP connections at `ws[s]://HOST:PORT`. Blocks up to `timeout`.
[[nodiscard]] bool accepts_connections(const std::string& url, std::chrono::milliseconds timeout);

}  // namespace surveillx::webapp
