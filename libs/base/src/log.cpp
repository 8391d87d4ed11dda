#include "surveillx/base/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "log_queue.hpp"
#include "surveillx/base/log_background.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/base/rate_limits.hpp"

namespace surveillx::log {
namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v";
constexpr std::chrono::milliseconds kFlushAtExit{1'000};
constexpr int kStderr = 2;

/// What a stranger may have us write: a few lines an address, some more an event over all.
constexpr double kLinesOfOneSource = 5;
constexpr std::chrono::seconds kSourceRefill{30};
constexpr double kLinesOfOneEvent = 50;
constexpr std::chrono::milliseconds kEventRefill{500};
constexpr std::size_t kMaxSources = 4096;
/// How long a count of lines left out may wait for the next line that carries it.
constexpr std::chrono::seconds kTellSuppressed{10};

/// Formats lines and hands them on: to the descriptor, or to the background thread while there is
/// one.
class Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Sink() : colored_(::isatty(kStderr) == 1) {}

  void set_queue(std::shared_ptr<LogQueue> queue) {
    const std::lock_guard lock(mutex_);
    queue_ = std::move(queue);
  }
  /// The descriptor is stuck: what comes is counted and not written.
  void give_up() {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
    queue_.reset();
  }
  [[nodiscard]] bool given_up() {
    const std::lock_guard lock(mutex_);
    return given_up_;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (given_up_) return;
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    std::string line;
    if (colored_ && message.color_range_end > message.color_range_start) {
      line.append(text.data(), message.color_range_start);
      line.append(color_of(message.level));
      line.append(text.data() + message.color_range_start,
                  message.color_range_end - message.color_range_start);
      line.append("\033[m");
      line.append(text.data() + message.color_range_end, text.size() - message.color_range_end);
    } else {
      line.assign(text.data(), text.size());
    }
    if (queue_) {
      queue_->push(std::move(line));
    } else {
      write_all(kStderr, line);
    }
  }
  void flush_() override {}

 private:
  static const char* color_of(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::debug: return "\033[36m";
      case spdlog::level::info: return "\033[32m";
      case spdlog::level::warn: return "\033[33m\033[1m";
      default: return "\033[31m\033[1m";
    }
  }

  bool colored_;
  bool given_up_ = false;
  std::shared_ptr<LogQueue> queue_;
};

struct State {
  std::shared_ptr<Sink> sink = std::make_shared<Sink>();
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>("surveillx", sink);
  std::string process;

  std::mutex mutex;  ///< Of what follows.
  std::shared_ptr<LogQueue> queue;
  std::uint64_t dropped_before = 0;  ///< By queues that are gone.
  RateLimits sources{system_clock(), {kLinesOfOneSource, kSourceRefill, kMaxSources}};
  RateLimits events{system_clock(), {kLinesOfOneEvent, kEventRefill, kMaxSources}};
  struct Suppressed {
    std::uint64_t count = 0;
    SteadyTime since{};
  };
  std::map<std::string, Suppressed, std::less<>> suppressed;  ///< By event.

  State() { logger->set_pattern(kPattern); }
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

/// Says how many lines of which event were left out; all of them, or those that waited for long.
void tell_suppressed(bool all) {
  State& s = state();
  std::vector<std::pair<std::string, std::uint64_t>> told;
  {
    const std::lock_guard lock(s.mutex);
    const auto now = system_clock().steady();
    for (auto it = s.suppressed.begin(); it != s.suppressed.end();) {
      if (all || now - it->second.since >= kTellSuppressed) {
        told.emplace_back(it->first, it->second.count);
        it = s.suppressed.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (const auto& [name, count] : told) {
    warn("log.lines_suppressed", {{"event", name}, {"count", count}});
  }
}

std::string drops_line(std::uint64_t count) {
  std::string text = "log.lines_dropped";
  if (!state().process.empty()) text += " process=" + state().process;
  text += " count=" + std::to_string(count);
  spdlog::pattern_formatter formatter(kPattern);
  spdlog::memory_buf_t line;
  formatter.format(spdlog::details::log_msg("surveillx", spdlog::level::warn, text), line);
  return {line.data(), line.size()};
}

void write_event(Level level, std::string_view name, Fields fields, std::uint64_t suppressed) {
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
  if (suppressed > 0) line += " suppressed=" + std::to_string(suppressed);
  s.logger->log(spd, spdlog::string_view_t(line.data(), line.size()));
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
  write_event(level, name, fields, 0);
}

void stranger(Level level, std::string_view name, std::string_view source, Fields fields) {
  State& s = state();
  if (!s.logger->should_log(to_spdlog(level))) return;
  std::uint64_t suppressed = 0;
  {
    const std::lock_guard lock(s.mutex);
    std::string key(name);
    key += '\n';
    key += source;
    const bool speaks = s.sources.take(key) && s.events.take(name);
    const auto found = s.suppressed.find(name);
    if (!speaks) {
      if (found != s.suppressed.end()) {
        ++found->second.count;
      } else {
        s.suppressed.emplace(name, State::Suppressed{1, system_clock().steady()});
      }
      return;
    }
    if (found != s.suppressed.end()) {
      suppressed = found->second.count;
      s.suppressed.erase(found);
    }
  }
  write_event(level, name, fields, suppressed);
}

Background::Background() {
  State& s = state();
  auto queue = std::make_shared<LogQueue>(kStderr, LogQueue::Limits{}, drops_line,
                                          [] { tell_suppressed(false); });
  const std::lock_guard lock(s.mutex);
  s.queue = queue;
  s.sink->set_queue(std::move(queue));
}

Background::~Background() {
  State& s = state();
  tell_suppressed(true);
  std::shared_ptr<LogQueue> queue;
  {
    const std::lock_guard lock(s.mutex);
    queue = std::exchange(s.queue, nullptr);
  }
  if (!queue) return;
  if (queue->flush(kFlushAtExit)) {
    s.sink->set_queue(nullptr);
    // What came between the two.
    (void)queue->flush(kFlushAtExit);
  } else {
    s.sink->give_up();
  }
  const std::lock_guard lock(s.mutex);
  s.dropped_before += queue->dropped();
}

bool readable() { return !state().sink->given_up(); }

std::uint64_t dropped_lines() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.dropped_before + (s.queue ? s.queue->dropped() : 0);
}

}  // namespace surveillx::log
