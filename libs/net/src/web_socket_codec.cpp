#include "web_socket_codec.hpp"

#include <openssl/evp.h>

#include <cstring>

namespace surveillx::net::web_socket {

ParsedHeader parse_header(ByteView bytes) {
  ParsedHeader out;
  if (bytes.size() < 2) return out;
  const auto bad = [&] {
    out.status = ParseStatus::bad;
    return out;
  };
  const int opcode = bytes[0] & 0x0F;
  if ((bytes[0] & 0x70) != 0 || (opcode > 2 && opcode < 8) || opcode > 10) return bad();
  out.header.fin = (bytes[0] & 0x80) != 0;
  out.header.opcode = static_cast<Opcode>(opcode);
  const bool masked = (bytes[1] & 0x80) != 0;
  out.header.length = bytes[1] & 0x7F;
  if (is_control(out.header.opcode) && (!out.header.fin || out.header.length > 125)) return bad();

  const std::size_t extended = out.header.length == 126 ? 2 : out.header.length == 127 ? 8 : 0;
  const std::size_t size = 2 + extended + (masked ? 4 : 0);
  if (bytes.size() < size) return out;
  if (extended > 0) {
    out.header.length = 0;
    for (std::size_t i = 0; i < extended; ++i) {
      out.header.length = (out.header.length << 8) | bytes[2 + i];
    }
    if ((out.header.length >> 63) != 0) return bad();
  }
  if (masked) {
    MaskKey key;
    std::memcpy(key.data(), bytes.data() + 2 + extended, key.size());
    out.header.mask = key;
  }
  out.size = size;
  out.status = ParseStatus::complete;
  return out;
}

HeaderBytes write_header(const FrameHeader& header) {
  HeaderBytes out;
  const auto put = [&](std::uint64_t byte) {
    out.bytes[out.size++] = static_cast<std::uint8_t>(byte & 0xFF);
  };
  put((header.fin ? 0x80U : 0U) | static_cast<unsigned>(header.opcode));
  const unsigned masked = header.mask ? 0x80 : 0;
  if (header.length < 126) {
    put(masked | header.length);
  } else if (header.length <= 0xFFFF) {
    put(masked | 126U);
    put(header.length >> 8);
    put(header.length);
  } else {
    put(masked | 127U);
    for (int shift = 56; shift >= 0; shift -= 8) put(header.length >> shift);
  }
  if (header.mask) {
    for (const std::uint8_t byte : *header.mask) put(byte);
  }
  return out;
}

void apply_mask(std::span<std::uint8_t> bytes, const MaskKey& key, std::uint64_t offset) {
  MaskKey turned;
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % 4];
  std::uint64_t wide = 0;
  std::memcpy(&wide, turned.data(), 4);
  std::memcpy(reinterpret_cast<std::uint8_t*>(&wide) + 4, turned.data(), 4);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t block = 0;
    std::memcpy(&block, bytes.data() + i, 8);
    block ^= wide;
    std::memcpy(bytes.data() + i, &block, 8);
  }
  for (; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ turned[i % 4]);
  }
}

bool Utf8Validator::feed(ByteView bytes) {
  const std::uint8_t* at = bytes.data();
  const std::uint8_t* const end = at + bytes.size();
  while (at != end) {
    if (pending_ > 0) {
      if (*at < low_ || *at > high_) return false;
      low_ = 0x80;
      high_ = 0xBF;
      --pending_;
      ++at;
      continue;
    }
    // ASCII, which is nearly everything, eight bytes at a time.
    while (end - at >= 8) {
      std::uint64_t block = 0;
      std::memcpy(&block, at, 8);
      if ((block & 0x8080808080808080U) != 0) break;
      at += 8;
    }
    if (at == end) break;
    const std::uint8_t lead = *at++;
    if (lead < 0x80) continue;
    if (lead < 0xC2 || lead > 0xF4) return false;
    pending_ = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    // The second byte's range excludes overlong forms, surrogates and what is beyond U+10FFFF.
    if (lead == 0xE0) low_ = 0xA0;
    if (lead == 0xED) high_ = 0x9F;
    if (lead == 0xF0) low_ = 0x90;
    if (lead == 0xF4) high_ = 0x8F;
  }
  return true;
}

std::optional<CloseReason> parse_close(ByteView payload) {
  if (payload.empty()) return CloseReason{};
  if (payload.size() == 1) return std::nullopt;
  CloseReason out;
  out.code = static_cast<std::uint16_t>((payload[0] << 8) | payload[1]);
  const bool defined = (out.code >= 1000 && out.code <= 1003) ||
                       (out.code >= 1007 && out.code <= 1014) ||
                       (out.code >= 3000 && out.code <= 4999);
  const ByteView reason = payload.subspan(2);
  Utf8Validator text;
  if (!defined || !text.feed(reason) || !text.complete()) return std::nullopt;
  out.reason.assign(reason.begin(), reason.end());
  return out;
}

Bytes write_close(std::uint16_t code, std::string_view reason) {
  if (code == kNoStatus || code == kAbnormal) return {};
  constexpr std::size_t kMaxReason = 123;
  if (reason.size() > kMaxReason) {
    std::size_t size = kMaxReason;
    while (size > 0 && (static_cast<unsigned char>(reason[size]) & 0xC0) == 0x80) --size;
    reason = reason.substr(0, size);
  }
  Bytes out{static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code & 0xFF)};
  out.insert(out.end(), reason.begin(), reason.end());
  return out;
}

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64_encode({digest.data(), size});
}

bool is_valid_key(std::string_view key) {
  const Result<Bytes> bytes = base64_decode(key);
  return bytes && bytes->size() == 16;
}

}  // namespace surveillx::net::web_socket
