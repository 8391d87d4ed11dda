#pragma once

#include "surveillx/base/error.hpp"

#include <string>
#include <vector>

namespace surveillx::store {

/// The address for a command line, where other users could read a password: that goes into the
/// environment.
[[nodiscard]] std::string without_password(const std::string& url);

/// Runs a program of PostgreSQL's and waits for its end; what it has to say goes to our stderr.
/// Errors: `not_found` (not installed), `io_error`.
[[nodiscard]] Result<void> run_tool(const std::vector<std::string>& arguments,
                                    const std::string& password);

}  // namespace surveillx::store
