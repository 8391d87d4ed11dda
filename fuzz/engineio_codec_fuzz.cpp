// Any polling body either decodes to packets that encode to the same bytes, or is refused.
#include "engine_codec.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace surveillx::socketio;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto packets = decode_payload(input);
  if (packets.has_value()) {
    std::string again;
    for (const EnginePacket& packet : packets.value()) {
      if (&packet != &packets->front()) again += kSeparator;
      if (packet.is_binary) {
        again += encode_base64_packet(packet.binary.view());
      } else {
        again += static_cast<char>(packet.type);
        again += packet.text;
      }
    }
    if (again != input) std::abort();
  }
  const auto info = decode_open(input);
  if (info.has_value()) {
    const std::string packet = encode_open(info.value());
    const auto again = decode_open(std::string_view(packet).substr(1));
    if (again.has_error() || again->sid != info->sid) std::abort();
  }
  return 0;
}
