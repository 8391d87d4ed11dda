// Any bytes either are a frame header that writes back to the same fields, or are refused; UTF-8 is
// judged the same in pieces as whole; a close payload that is accepted can be sent again; and a peer's
// bytes give the same events wherever the network cuts them.
#include "web_socket_codec.hpp"
#include "web_socket_receiver.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace surveillx;
namespace ws = surveillx::net::web_socket;

namespace {

void check_header(ByteView input) {
  const ws::ParsedHeader parsed = ws::parse_header(input);
  if (parsed.status != ws::ParseStatus::complete) return;
  if (parsed.size > input.size() || parsed.size > ws::kMaxHeaderBytes) std::abort();
  const ws::HeaderBytes bytes = ws::write_header(parsed.header);
  const ws::ParsedHeader again = ws::parse_header({bytes.bytes.data(), bytes.size});
  if (again.status != ws::ParseStatus::complete || again.header.fin != parsed.header.fin ||
      again.header.opcode != parsed.header.opcode || again.header.mask != parsed.header.mask ||
      again.header.length != parsed.header.length) {
    std::abort();
  }
}

void check_utf8(ByteView input) {
  ws::Utf8Validator whole;
  const bool valid = whole.feed(input) && whole.complete();
  ws::Utf8Validator pieces;
  bool alive = true;
  for (std::size_t i = 0; i < input.size() && alive; ++i) alive = pieces.feed(input.subspan(i, 1));
  if ((alive && pieces.complete()) != valid) std::abort();
}

void check_close(ByteView input) {
  const auto close = ws::parse_close(input);
  if (!close || close->code == ws::kNoStatus) return;
  const Bytes bytes = ws::write_close(close->code, close->reason);
  const auto again = ws::parse_close(bytes);
  if (!again || again->code != close->code) std::abort();
}

/// Everything that a receiver told, as text. `step`: how much the network brings at once.
std::string events(ws::Role role, ByteView input, std::size_t step) {
  constexpr std::size_t kMaxMessage = 16 * 1024;
  ws::Receiver receiver(role, kMaxMessage, {});
  std::string out;
  for (;;) {
    switch (receiver.next()) {
      case ws::Receiver::Event::message: {
        out += receiver.binary() ? "\nbinary " : "\ntext ";
        const Bytes message = receiver.take_message();
        if (message.size() > kMaxMessage) std::abort();
        out.append(message.begin(), message.end());
        break;
      }
      case ws::Receiver::Event::ping:
        out += "\nping ";
        out.append(receiver.control().begin(), receiver.control().end());
        break;
      case ws::Receiver::Event::close:
        out += "\nclose " + std::to_string(receiver.close_reason().code);
        break;
      case ws::Receiver::Event::failed:
        if (!receiver.failed()) std::abort();
        out += "\nfailed " + std::to_string(receiver.close_reason().code);
        break;
      case ws::Receiver::Event::need_more: {
        if (input.empty()) return out;
        const auto room = receiver.prepare();
        const std::size_t size = std::min({room.size(), input.size(), step});
        if (size == 0) std::abort();
        std::copy_n(input.begin(), size, room.begin());
        receiver.commit(size);
        input = input.subspan(size);
        break;
      }
    }
  }
}

void check_receiver(ByteView input) {
  for (const ws::Role role : {ws::Role::server, ws::Role::client}) {
    const std::string whole = events(role, input, input.size());
    if (events(role, input, 1) != whole || events(role, input, 7) != whole) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  check_header(input);
  check_utf8(input);
  check_close(input);
  check_receiver(input);
  (void)ws::is_valid_key({reinterpret_cast<const char*>(data), size});
  return 0;
}
