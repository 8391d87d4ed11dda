#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace surveillx::log {

/// Writes lines to a descriptor from a thread of its own, so that whoever logs never waits for
/// whoever reads. Bounded: with no room the oldest line that waits goes, counted; how many went is
/// written once there is room again. Thread-safe. spdlog's own asynchronous logger has no wait with
/// a limit and joins its thread at exit, which a reader that has stopped would then stop too.
class LogQueue {
 public:
  struct Limits {
    std::size_t lines = 8192;
    std::size_t bytes = 2 * 1024 * 1024;
  };
  /// `describe_drops` makes the line that tells how many were dropped; `every_second` runs on the
  /// writer's thread. The descriptor stays the caller's.
  LogQueue(int fd, Limits limits, std::function<std::string(std::uint64_t)> describe_drops,
           std::function<void()> every_second);
  /// Ends the thread unless it is stuck, in which case it is left behind and ends with the process.
  ~LogQueue();
  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;

  /// Never waits for the descriptor.
  void push(std::string line);
  /// Waits until what was pushed before is written; false when it was not within `limit`.
  bool flush(std::chrono::milliseconds limit);
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

/// All of `text`, however many writes that takes; false when the descriptor takes no more.
bool write_all(int fd, std::string_view text);

}  // namespace surveillx::log
