// Any bytes either are a frame header that writes back to the same fields, or are refused; UTF-8 is
// judged the same in pieces as whole; a close payload that is accepted can be sent again.
#include "web_socket_codec.hpp"

#include <cstdint>
#include <cstdlib>

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  check_header(input);
  check_utf8(input);
  check_close(input);
  (void)ws::is_valid_key({reinterpret_cast<const char*>(data), size});
  return 0;
}
