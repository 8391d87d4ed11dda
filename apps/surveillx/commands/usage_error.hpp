#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::app {

/// `; did you mean 'X'?` with the known name nearest to `name`, whatever the letters' case, or
/// nothing when none is near.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       const std::vector<std::string>& known);

/// What is wrong with a command line, in one line that begins with what was typed: CLI11 complains
/// first of what is missing, which is mostly missing because something else was misspelt.
[[nodiscard]] std::string explain_wrong_use(const CLI::App& root, const CLI::ParseError& error);

}  // namespace surveillx::app
