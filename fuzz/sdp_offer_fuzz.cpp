#include "sdp_edit.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// The input is an offer as a peer sends it. Beyond crashes, it checks what must hold of every offer
// that is taken: webrtcbin sees one section with all it needs, nothing else gets through, and the
// answer has the offer's sections in their order, one of them taken.
namespace {

using namespace surveillx;
using namespace surveillx::webrtc;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_inside(const Offer& offer) {
  const auto inside = SdpText::split(offer.sdp);
  require(inside.media.size() == 1);
  const auto& section = inside.media.front();
  const auto line = media_line(section.front());
  require(line && line->kind == "video" && line->port == 9 && !line->formats.empty());
  for (const char* name : {"mid", "ice-ufrag", "ice-pwd", "fingerprint", "setup", "rtcp-mux"}) {
    require(find_attribute(section, name).has_value());
  }
  for (const char c : offer.sdp) require(c == '\r' || c == '\n' || c == '\t' || c >= ' ' || c < 0);
}

void check_answer(const std::string& text, const Offer& offer) {
  const auto answer = SdpText::split(text);
  require(answer.media.size() == offer.sections.size());
  int taken = 0;
  for (std::size_t i = 0; i < answer.media.size(); ++i) {
    const auto line = media_line(answer.media[i].front());
    require(line && line->kind == offer.sections[i].kind);
    require(line->protocol == offer.sections[i].protocol && !line->formats.empty());
    const bool kept = offer.sections[i].fate != Fate::refused;
    require((line->port != 0) == kept);
    taken += offer.sections[i].fate == Fate::video ? 1 : 0;
  }
  require(taken == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)plausible_candidate(text);
  (void)host_udp_port(text);
  const auto offer = read_offer(text);
  if (!offer) {
    require(!offer.error().message.empty());
    return 0;
  }
  check_inside(*offer);
  // webrtcbin's answer has the shape of the offer it saw.
  check_answer(finish_answer(offer->sdp, *offer, 1'500), *offer);
  // And whatever it may answer, finishing it does not fail.
  (void)finish_answer(text, *offer, 1'500);
  return 0;
}
