#include "surveillx/base/clock.hpp"
#include "surveillx/signaling/client_session.hpp"
#include "surveillx/signaling/codec.hpp"
#include "surveillx/signaling/server_session.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// The input is a conversation: lines are messages as a peer sends them; a line that starts with `!`
// is something that happens on our side. Beyond crashes, it checks what must hold of every message
// and every list of actions.
namespace {

using namespace surveillx;
using namespace surveillx::signaling;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_codec(std::string_view text) {
  const Result<Message> first = decode(text);
  if (!first) return;
  const Result<Message> again = decode(encode(*first));
  require(again.has_value() && *again == *first);
  (void)redact(*first);
}

void check(const ServerSession& session, const Actions& actions) {
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (std::holds_alternative<Close>(actions[i])) {
      require(i + 1 == actions.size());  // Nothing follows a close.
      require(!session.socket_open());
    }
    if (std::holds_alternative<StartSession>(actions[i])) require(session.is_authenticated());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  ManualClock clock;
  ServerSession server;
  ClientSession client({.token = "t", .name = "fuzz"});
  const CameraId camera = CameraId::trusted("5f0c2a4e-52b9-4a6f-9a0e-3f6b1b0f7d11");
  check(server, server.opened(clock.steady(), std::nullopt));
  (void)client.socket_opened(clock.steady());
  OfferNumber offer = 0;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!line.starts_with('!')) {
      check_codec(line);
      (void)offer_uses_trickle(line);
      (void)redact_url(line);
      check(server, server.text(clock.steady(), line));
      (void)client.text(clock.steady(), line);
      continue;
    }
    offer = server.active_offer().value_or(offer);
    switch (line.size() > 1 ? line[1] : '?') {
      case 'a':
        check(server, server.authenticated(clock.steady(), camera));
        break;
      case 'r':
        check(server, server.refused());
        break;
      case 'u':
        check(server, server.auth_unavailable());
        break;
      case 'b':
        check(server, server.binary(clock.steady()));
        break;
      case 's':
        check(server, server.local_answer(offer, "v=0"));
        break;
      case 'c':
        check(server, server.local_candidate(offer, "candidate:1", 0));
        break;
      case 'f':
        check(server, server.session_failed(clock.steady(), offer, "bad_sdp", "x"));
        break;
      case 'e':
        check(server, server.session_ended(offer, "x"));
        break;
      case 'o':
        check(server, server.taken_over(offer));
        break;
      case 'p':  // News of the offer before.
        check(server, server.taken_over(offer - 1));
        break;
      case 'v':
        check(server, server.revoked());
        break;
      case 'x':
        check(server, server.socket_closed());
        break;
      case 'O':
        (void)client.local_offer(clock.steady(), "v=0");
        break;
      case 'C':
        (void)client.local_candidate("candidate:1", 0);
        break;
      case 't':
        clock.advance(std::chrono::seconds(3));
        check(server, server.tick(clock.steady()));
        (void)client.tick(clock.steady());
        break;
      default:
        break;
    }
  }
  return 0;
}
