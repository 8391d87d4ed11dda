#pragma once

#include <cstdint>
#include <time.h>

namespace surveillx::bench {

/// CLOCK_MONOTONIC, which every process of the machine shares (Python's time.monotonic_ns).
inline std::int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

/// Processor time of this process, all threads, user and system.
inline std::int64_t cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace surveillx::bench
