#include "surveillx/base/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace surveillx {
namespace {

/// "Unlimited" and what containers set would make sizes that are derived from it absurd.
constexpr rlim_t kMost = 65'536;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < std::min(limit.rlim_max, kMost)) {
    limit.rlim_cur = std::min(limit.rlim_max, kMost);
    (void)setrlimit(RLIMIT_NOFILE, &limit);
  }
  return descriptor_limit();
}

std::size_t descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return static_cast<std::size_t>(std::min(limit.rlim_cur, kMost));
}

}  // namespace surveillx
