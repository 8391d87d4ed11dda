#include "surveillx/base/bytes.hpp"

#include <sodium.h>

#include <cassert>

namespace surveillx {
namespace {

std::string to_base64(ByteView bytes, int variant) {
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();  // libsodium ends it with NUL.
  return text;
}

}  // namespace

SharedBytes::SharedBytes(Bytes bytes) {
  auto owner = std::make_shared<const Bytes>(std::move(bytes));
  data_ = owner->data();
  size_ = owner->size();
  owner_ = std::move(owner);
}

SharedBytes::SharedBytes(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  data_ = reinterpret_cast<const std::uint8_t*>(owner->data());
  size_ = owner->size();
  owner_ = std::move(owner);
}

SharedBytes SharedBytes::slice(std::size_t first, std::size_t size) const {
  assert(first <= size_ && size <= size_ - first);
  SharedBytes part = *this;
  part.data_ += first;
  part.size_ = size;
  return part;
}

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string base64_encode(ByteView bytes) {
  return to_base64(bytes, sodium_base64_VARIANT_ORIGINAL);
}

std::string base64url_encode(ByteView bytes) {
  return to_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

Result<Bytes> base64_decode(std::string_view text) {
  // libsodium 1.0.18 takes some bytes beyond ASCII for digits, where char is signed.
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return Error{kInvalidArgument, "not base64"};
  }
  Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t length = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length,
                        nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    return Error{kInvalidArgument, "not base64"};
  }
  bytes.resize(length);
  return bytes;
}

std::string hex_encode(ByteView bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

Result<Bytes> hex_decode(std::string_view text) {
  Bytes bytes(text.size() / 2);
  std::size_t length = 0;
  if (text.size() % 2 != 0 ||
      sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length,
                     nullptr) != 0 ||
      length != bytes.size()) {
    return Error{kInvalidArgument, "not hexadecimal"};
  }
  return bytes;
}

int percent_decoded_byte(std::string_view text, std::size_t at) {
  if (text[at] != '%' || at + 2 >= text.size()) return -1;
  const auto byte = hex_decode(text.substr(at + 1, 2));
  return byte ? byte->front() : -1;
}

}  // namespace surveillx
