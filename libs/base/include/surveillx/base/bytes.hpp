#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "surveillx/base/error.hpp"

namespace surveillx {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Immutable bytes with shared ownership: one JPEG or one serialised message that many connections
/// send without copying it. Copying a SharedBytes copies a pointer.
class SharedBytes {
 public:
  SharedBytes() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): taking over a buffer is what this type is for.
  SharedBytes(Bytes bytes);
  // NOLINTNEXTLINE(google-explicit-constructor)
  SharedBytes(std::string text);

  [[nodiscard]] const std::uint8_t* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] ByteView view() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(data_), size_};
  }
  /// A part of the same buffer, which it keeps alive; `first + size` lies inside.
  [[nodiscard]] SharedBytes slice(std::size_t first, std::size_t size) const;

 private:
  std::shared_ptr<const void> owner_;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

[[nodiscard]] ByteView as_bytes(std::string_view text);

/// Standard base64 with padding (RFC 4648 section 4).
[[nodiscard]] std::string base64_encode(ByteView bytes);
/// Strict: refuses other alphabets, white space and wrong padding with `invalid_argument`.
[[nodiscard]] Result<Bytes> base64_decode(std::string_view text);
/// base64url without padding (RFC 4648 section 5).
[[nodiscard]] std::string base64url_encode(ByteView bytes);

/// Lower-case hexadecimal.
[[nodiscard]] std::string hex_encode(ByteView bytes);
[[nodiscard]] Result<Bytes> hex_decode(std::string_view text);
/// The byte that `%XX` at `at`, inside `text`, stands for (RFC 3986 section 2.1); -1: none begins there.
[[nodiscard]] int percent_decoded_byte(std::string_view text, std::size_t at);

}  // namespace surveillx
