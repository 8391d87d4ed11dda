#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "surveillx/base/error.hpp"

/// One line an event on stderr: time, level, event name, then `key=value` fields. Event names are
/// `part.what_happened`. Fields never hold a secret, a query string or an SDP. Thread-safe.
namespace surveillx::log {

enum class Level { debug, info, warn, error, off };

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
  template <std::floating_point T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};
using Fields = std::initializer_list<Field>;

void set_level(Level level);
[[nodiscard]] Level level();
/// `debug`, `info`, `warn`, `error`, `off`; anything else is `invalid_argument`.
[[nodiscard]] Result<Level> parse_level(std::string_view text);
/// Marks every line with `process=NAME`, so that the lines of supervised children can be told apart.
void set_process(std::string_view name);

void event(Level level, std::string_view name, Fields fields = {});
inline void debug(std::string_view name, Fields fields = {}) { event(Level::debug, name, fields); }
inline void info(std::string_view name, Fields fields = {}) { event(Level::info, name, fields); }
inline void warn(std::string_view name, Fields fields = {}) { event(Level::warn, name, fields); }
inline void error(std::string_view name, Fields fields = {}) { event(Level::error, name, fields); }

}  // namespace surveillx::log
