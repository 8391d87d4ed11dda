#pragma once

#include "surveillx/base/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::net {

/// A request target taken apart: what handlers may trust.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};

/// Takes apart an origin-form or absolute-form target (RFC 9112 section 3.2). The path is
/// percent-decoded once, `.`, `..` and empty segments are resolved, a trailing slash is kept.
/// `invalid_argument`: another form, bad percent-encoding, NUL, an encoded slash, or a path that
/// would leave the root.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

}  // namespace surveillx::net
