#include "surveillx/base/clock.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace surveillx {
namespace {

class SystemClock : public Clock {
 public:
  [[nodiscard]] UnixMillis now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  }
  [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string format_rfc3339_utc(UnixMillis t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  const auto fraction = static_cast<int>((t - seconds).count());
  const std::time_t unix_seconds = seconds.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&unix_seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, fraction);
  return text.data();
}

}  // namespace surveillx
