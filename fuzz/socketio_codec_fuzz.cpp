// Any packet either is refused, or encodes to one that decodes to the same; and the assembler never
// holds more attachments than a packet may announce.
#include "engine_codec.hpp"
#include "socket_codec.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace surveillx;
using namespace surveillx::socketio;

namespace {

void check_round_trip(const SocketPacket& packet) {
  std::string text;
  if (packet.type == SocketType::event) {
    text = encode_event_text(packet.name_space, packet.event, packet.arguments, packet.id);
  } else if (packet.type == SocketType::ack) {
    text = encode_ack_text(packet.name_space, packet.id.value(), packet.arguments);
  } else {
    return;
  }
  const auto again = parse_packet(text);
  if (again.has_error() || again->type != packet.type || again->event != packet.event ||
      again->id != packet.id || again->name_space != packet.name_space ||
      again->arguments.args.size() != packet.arguments.args.size()) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Assembler assembler;
  // Lines are messages of one connection; those that start with `b` are binary.
  for (std::size_t start = 0; start <= input.size();) {
    const std::size_t end = std::min(input.find('\n', start), input.size());
    const std::string_view line = input.substr(start, end - start);
    start = end + 1;
    auto packet = line.starts_with('b') ? assembler.add_binary(SharedBytes(std::string(line)))
                                        : assembler.add_text(line);
    if (packet.has_error()) break;
    if (!packet.value()) continue;
    if (packet.value()->arguments.attachments.size() > kMaxAttachments) std::abort();
    check_round_trip(*packet.value());
  }
  return 0;
}
