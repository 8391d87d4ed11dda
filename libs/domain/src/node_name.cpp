#include "surveillx/domain/node_name.hpp"

#include <algorithm>
#include <cstddef>

namespace surveillx::domain {
namespace {

constexpr std::size_t kMaxLength = 64;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_node_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLength && is_alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace surveillx::domain
