#pragma once

#include <cstdint>

namespace surveillx::log {

/// While it lives, lines are written by a thread of their own: a reader of stderr that has stopped
/// stops nobody who logs. Lines wait in bounded memory (8,192 or 2 MB); of those that find no room
/// the oldest go, and `log.lines_dropped` says how many once the reader goes on. Servers hold one
/// for as long as they run; without one a line is written before `event` returns. Its end waits at
/// most a second for the reader. A child between fork and exec must not log.
class Background {
 public:
  Background();
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
};

/// Lines that went unwritten since the program began, because nobody read them.
[[nodiscard]] std::uint64_t dropped_lines();
/// False once a `Background` ended with a reader that had stopped: stderr would block.
[[nodiscard]] bool readable();

}  // namespace surveillx::log
