#pragma once

#include "surveillx/base/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace surveillx::vision {

/// Reads that answer 0 beyond the end, so that a truncated header has no dimensions.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] long u8(std::size_t at) const { return at < bytes_.size() ? bytes_[at] : 0; }
  [[nodiscard]] long be16(std::size_t at) const { return u8(at) << 8 | u8(at + 1); }
  [[nodiscard]] long be32(std::size_t at) const { return be16(at) << 16 | be16(at + 2); }
  [[nodiscard]] long le16(std::size_t at) const { return u8(at) | u8(at + 1) << 8; }
  [[nodiscard]] long le24(std::size_t at) const { return le16(at) | u8(at + 2) << 16; }
  [[nodiscard]] long le32(std::size_t at) const { return le16(at) | le16(at + 2) << 16; }
  [[nodiscard]] bool text(std::size_t at, std::string_view wanted) const {
    if (at > bytes_.size() || wanted.size() > bytes_.size() - at) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (bytes_[at + i] != static_cast<std::uint8_t>(wanted[i])) return false;
    }
    return true;
  }
  /// The `size` bytes from `at` on, or as many as there are.
  [[nodiscard]] ByteView part(std::size_t at, std::size_t size) const {
    if (at >= bytes_.size()) return {};
    return bytes_.subspan(at, std::min(size, bytes_.size() - at));
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  ByteView bytes_;
};

}  // namespace surveillx::vision
