// A server's answer, as our client reads it: cut anywhere it gives the same, and what is passed on
// can split no message. The first byte says where the network cuts and whether HEAD was asked.
#include "answer_reader.hpp"
#include "http_text.hpp"

#include <boost/asio/buffer.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace surveillx::net;

namespace {

constexpr std::size_t kMaxBody = 512;

void feed(boost::beast::flat_buffer& input, std::string_view bytes) {
  input.commit(boost::asio::buffer_copy(input.prepare(bytes.size()),
                                        boost::asio::buffer(bytes.data(), bytes.size())));
}

/// Everything that came out, as text.
std::string read(std::string_view first, std::string_view second, bool head_only) {
  AnswerReader reader(head_only, kMaxBody);
  boost::beast::flat_buffer input;
  feed(input, first);
  auto whole = reader.take(input);
  if (whole && !*whole && !second.empty()) {
    feed(input, second);
    second = {};
    whole = reader.take(input);
  }
  // A malformed head without an end is refused at once or awaited, by where the network cuts.
  if (!whole || (!*whole && !reader.end())) return "nothing";
  (void)reader.wanted();
  std::string out = reader.keeps_alive() ? "keeps " : "ends ";
  const HttpResponse response = reader.release();
  if (response.body.size() > kMaxBody) std::abort();
  out += std::to_string(response.status);
  for (const auto& [name, value] : response.headers.all()) {
    if (!is_field_name(name) || !is_field_value(value)) std::abort();
    out += "\n" + name + ":" + value;
  }
  return out + "\n\n" + std::string(response.body.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool head_only = (data[0] & 1) != 0;
  const std::size_t cut = (data[0] >> 1U) % (input.size() + 1);
  if (read(input, {}, head_only) != read(input.substr(0, cut), input.substr(cut), head_only)) {
    std::abort();
  }
  return 0;
}
