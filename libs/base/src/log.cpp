#include "surveillx/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>

namespace surveillx::log {
namespace {

struct State {
  std::shared_ptr<spdlog::logger> logger;
  std::string process;
  State() : logger(spdlog::stderr_color_mt("surveillx")) {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    logger->flush_on(spdlog::level::debug);
  }
};

State& state() {
  // Never destroyed: streaming threads may still log while the program ends.
  static State* const instance = new State;
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
    case Level::off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

/// Quotes a value when it would break the line or the `key=value` form. Foreign text goes through
/// here, so control characters are escaped and long values cut.
void append_value(std::string& line, std::string_view value) {
  constexpr std::size_t kMaxValue = 400;
  const bool cut = value.size() > kMaxValue;
  if (cut) value = value.substr(0, kMaxValue);
  const bool plain = !value.empty() && value.find_first_of(" \"=\\\n\r\t") == value.npos;
  if (!plain) line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      line += '?';
    } else {
      line += c;
    }
  }
  if (cut) line += "...";
  if (!plain) line += '"';
}

}  // namespace

void set_level(Level level) { state().logger->set_level(to_spdlog(level)); }

Level level() {
  switch (state().logger->level()) {
    case spdlog::level::trace:
    case spdlog::level::debug: return Level::debug;
    case spdlog::level::info: return Level::info;
    case spdlog::level::warn: return Level::warn;
    case spdlog::level::err:
    case spdlog::level::critical: return Level::error;
    default: return Level::off;
  }
}

Result<Level> parse_level(std::string_view text) {
  if (text == "debug") return Level::debug;
  if (text == "info") return Level::info;
  if (text == "warn") return Level::warn;
  if (text == "error") return Level::error;
  if (text == "off") return Level::off;
  return Error{kInvalidArgument, "log level '" + std::string(text) +
                                     "' is not one of debug, info, warn, error, off"};
}

void set_process(std::string_view name) { state().process = name; }

void event(Level level, std::string_view name, Fields fields) {
  State& s = state();
  const auto spd = to_spdlog(level);
  if (!s.logger->should_log(spd)) return;
  std::string line(name);
  if (!s.process.empty()) line += " process=" + s.process;
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  s.logger->log(spd, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace surveillx::log
