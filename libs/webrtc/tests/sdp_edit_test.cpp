#include "sdp_edit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace surveillx::webrtc {
namespace {

const std::string kHead = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
const std::string kKeys =
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef012345\r\na=fingerprint:sha-256 00\r\n";

std::string name_of(const std::string& sdp) {
  const auto offer = read_offer(sdp);
  return offer ? std::string("accepted") : std::string(offer.error().name.text());
}

struct BadOffer {
  const char* what;
  std::string sdp;
  const char* error;
};

TEST(ReadOffer, names_what_is_wrong) {
  const BadOffer table[] = {
      {"empty", "", "bad_sdp"},
      {"prose", "hello", "bad_sdp"},
      {"no version", "o=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n", "bad_sdp"},
      {"no origin", "v=0\r\ns=-\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n", "bad_sdp"},
      {"m= line cut off", kHead + "m=video\r\n", "bad_sdp"},
      {"port is no number", kHead + "m=video x UDP/TLS/RTP/SAVPF 96\r\n", "bad_sdp"},
      {"no credentials", kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n",
       "bad_sdp"},
      {"nothing", kHead, "no_video"},
      {"audio only", kHead + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + kKeys, "no_video"},
      {"video rejected",
       kHead + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n" + kKeys, "no_video"},
      {"video wanted, not sent",
       kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=recvonly\r\n" + kKeys,
       "no_video"},
      {"the session says inactive",
       kHead + "a=inactive\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n" + kKeys,
       "no_video"},
      {"codec we cannot decode",
       kHead + "m=video 9 UDP/TLS/RTP/SAVPF 98\r\na=rtpmap:98 VP9/90000\r\n" + kKeys,
       "unsupported_codec"},
      {"payload without a map", kHead + "m=video 9 UDP/TLS/RTP/SAVPF 98\r\n" + kKeys,
       "unsupported_codec"},
  };
  for (const auto& row : table) EXPECT_EQ(name_of(row.sdp), row.error) << row.what;
}

TEST(ReadOffer, too_many_sections_are_refused) {
  std::string sdp = kHead;
  for (int i = 0; i < 33; ++i) sdp += "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
  EXPECT_EQ(name_of(sdp), "bad_sdp");
}

TEST(ReadOffer, first_supported_codec_wins_and_the_others_go) {
  const auto offer = read_offer(
      kHead +
      "m=video 9 UDP/TLS/RTP/SAVPF 98 99 96 97 102\r\na=rtpmap:98 VP9/90000\r\n"
      "a=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\na=rtpmap:96 VP8/90000\r\n"
      "a=rtcp-fb:96 nack\r\na=rtcp-fb:98 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
      "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1\r\n" +
      kKeys);
  ASSERT_TRUE(offer) << offer.error().message;
  EXPECT_EQ(offer->codec, stream::Codec::vp8);
  EXPECT_EQ(offer->payload_type, 96);
  EXPECT_NE(offer->sdp.find("m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"), std::string::npos)
      << offer->sdp;
  EXPECT_EQ(offer->sdp.find(":98"), std::string::npos) << offer->sdp;
  EXPECT_EQ(offer->sdp.find("H264"), std::string::npos) << offer->sdp;
  EXPECT_NE(offer->sdp.find("a=rtcp-fb:96 nack"), std::string::npos);
}

TEST(ReadOffer, h264_prefers_packetization_mode_1) {
  const auto offer = read_offer(kHead +
                                "m=video 9 UDP/TLS/RTP/SAVPF 100 102\r\na=rtpmap:100 h264/90000\r\n"
                                "a=fmtp:100 packetization-mode=0\r\na=rtpmap:102 H264/90000\r\n"
                                "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1\r\n" +
                                kKeys);
  ASSERT_TRUE(offer) << offer.error().message;
  EXPECT_EQ(offer->payload_type, 102);
}

TEST(ReadOffer, trickle_is_seen_at_session_and_media_level) {
  const std::string video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n" + kKeys;
  EXPECT_FALSE(read_offer(kHead + video)->trickle);
  EXPECT_TRUE(read_offer(kHead + "a=ice-options:trickle\r\n" + video)->trickle);
  EXPECT_TRUE(read_offer(kHead + video + "a=ice-options:renomination trickle\r\n")->trickle);
  EXPECT_FALSE(read_offer(kHead + video + "a=ice-options:trickless\r\n")->trickle);
}

TEST(ReadOffer, line_feeds_alone_are_accepted) {
  std::string sdp = kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n" + kKeys;
  std::erase(sdp, '\r');
  EXPECT_EQ(name_of(sdp), "accepted");
}

// Offers as peers write them. Sections are put together from lines, so that each test shows what is
// different about it.

const std::string kVp8 = "a=rtpmap:96 VP8/90000\r\n";
const std::string kPrint =
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:"
    "88:99:AA:BB:CC:DD:EE:FF\r\n";

std::string keys(const std::string& name) {
  return "a=ice-ufrag:" + name + "\r\na=ice-pwd:" + name + "-0123456789abcdefghij\r\n";
}
std::string transport(const std::string& name) {
  return keys(name) + kPrint + "a=setup:actpass\r\na=candidate:1 1 UDP 1 10.0.0.1 " +
         std::to_string(1000 + name.size()) + " typ host\r\n";
}
std::string audio(int port, const std::string& rest) {
  return "m=audio " + std::to_string(port) +
         " UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=sendrecv\r\n" + rest;
}
std::string video(int port, const std::string& rest) {
  return "m=video " + std::to_string(port) + " UDP/TLS/RTP/SAVPF 96\r\n" + kVp8 + rest;
}
std::string data(int port, const std::string& rest) {
  return "m=application " + std::to_string(port) +
         " UDP/DTLS/SCTP webrtc-datachannel\r\na=sctp-port:5000\r\n" + rest;
}
std::string bundle(const std::string& mids) { return "a=group:BUNDLE " + mids + "\r\n"; }
std::string mid(const std::string& name) { return "a=mid:" + name + "\r\n"; }

/// What webrtcbin answers to `offer.sdp`, as far as it matters here.
std::string webrtcbins_answer(const Offer& offer) {
  std::string name = "0";
  const auto inside = SdpText::split(offer.sdp);
  if (const auto own = find_attribute(inside.media.at(0), "mid")) name = *own;
  return "v=0\r\no=- 7 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-options:trickle\r\n"
         "a=group:BUNDLE " + name + "\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n"
         "a=ice-ufrag:ours\r\na=ice-pwd:ours-0123456789abcdefghij\r\na=mid:" + name +
         "\r\na=recvonly\r\na=rtcp-mux\r\na=setup:active\r\na=rtpmap:96 VP8/90000\r\n"
         "a=fingerprint:sha-256 AA\r\na=candidate:1 1 UDP 1 127.0.0.1 5555 typ host\r\n";
}

Lines lines_of(const std::string& sdp) {
  Lines out;
  const auto split = SdpText::split(sdp);
  out = split.session;
  for (const auto& section : split.media) out.insert(out.end(), section.begin(), section.end());
  return out;
}
bool has_line(const Lines& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

/// One offer and what must come of it.
struct Shape {
  const char* what;
  std::string offer;
  std::string ufrag;                 ///< The credentials that webrtcbin gets.
  std::vector<int> candidate_ports;  ///< Of the offer's candidates, those that it gets.
  std::vector<std::string> answer;   ///< The answer's m= lines up to the protocol.
  std::string group;                 ///< The answer's group line; empty: none.
  int carrier = 0;                   ///< The section that has our candidates.
};

TEST(Answers, every_offer_gets_one_section_for_each_of_its_own) {
  const std::string only = "a=bundle-only\r\n";
  const Shape table[] = {
      {"video alone", kHead + bundle("v") + video(9, mid("v") + transport("vid")), "vid", {1003},
       {"m=video 9"}, "a=group:BUNDLE v", 0},
      {"bundle-only video: the tagged section carries it and stays (RFC 9143 section 7.3.3)",
       kHead + bundle("a v") + audio(9, mid("a") + transport("first")) + video(0, mid("v") + only),
       "first", {1005}, {"m=audio 9", "m=video 9"}, "a=group:BUNDLE a v", 0},
      {"bundle-only, though it brings credentials of its own",
       kHead + bundle("a v") + audio(9, mid("a") + transport("first")) +
           video(0, mid("v") + only + transport("vid")),
       "first", {1005}, {"m=audio 9", "m=video 9"}, "a=group:BUNDLE a v", 0},
      {"bundled without transport lines, yet with a port",
       kHead + bundle("a v") + audio(9, mid("a") + transport("first")) + video(9, mid("v")),
       "first", {1005}, {"m=audio 9", "m=video 9"}, "a=group:BUNDLE a v", 0},
      {"a transport for each, as aiortc: the video goes alone",
       kHead + bundle("a v") + audio(9, mid("a") + transport("first")) +
           video(9, mid("v") + transport("vid")),
       "vid", {1003}, {"m=audio 0", "m=video 9"}, "a=group:BUNDLE v a", 1},
      {"one transport written into each section, candidates in the first",
       kHead + bundle("a v") + audio(9, mid("a") + transport("same")) +
           video(9, mid("v") + keys("same") + kPrint),
       "same", {1004}, {"m=audio 0", "m=video 9"}, "a=group:BUNDLE v a", 1},
      {"video first, audio and data after it",
       kHead + bundle("v a d") + video(9, mid("v") + transport("vid")) +
           audio(0, mid("a") + only) + data(0, mid("d") + only),
       "vid", {1003}, {"m=video 9", "m=audio 0", "m=application 0"}, "a=group:BUNDLE v a d", 0},
      {"data first, and it carries the video",
       kHead + bundle("d v") + data(9, mid("d") + transport("first")) + video(0, mid("v") + only),
       "first", {1005}, {"m=application 9", "m=video 9"}, "a=group:BUNDLE d v", 0},
      {"the tag is a rejected section: the next one with a port carries",
       kHead + bundle("x a v") + audio(0, mid("x")) + audio(9, mid("a") + transport("first")) +
           video(0, mid("v") + only),
       "first", {1005}, {"m=audio 0", "m=audio 9", "m=video 9"}, "a=group:BUNDLE a v x", 1},
      {"no group", kHead + audio(9, mid("a") + transport("first")) +
                       video(9, mid("v") + transport("vid")),
       "vid", {1003}, {"m=audio 0", "m=video 9"}, "", 1},
      {"no mids", kHead + audio(9, transport("first")) + video(9, transport("vid")), "vid", {1003},
       {"m=audio 0", "m=video 9"}, "", 1},
      {"two groups: the video's counts",
       kHead + bundle("a b") + bundle("c v") + audio(9, mid("a") + transport("other")) +
           audio(9, mid("b") + transport("other")) + audio(9, mid("c") + transport("first")) +
           video(0, mid("v") + only),
       "first", {1005}, {"m=audio 0", "m=audio 0", "m=audio 9", "m=video 9"}, "a=group:BUNDLE c v",
       2},
      {"two videos: the first is taken",
       kHead + bundle("v w") + video(9, mid("v") + transport("vid")) + video(0, mid("w") + only),
       "vid", {1003}, {"m=video 9", "m=video 0"}, "a=group:BUNDLE v w", 0},
      {"two videos, the first of which only receives",
       kHead + video(9, "a=recvonly\r\n" + transport("no")) + video(9, transport("vid")), "vid",
       {1003}, {"m=video 0", "m=video 9"}, "", 1},
      {"two videos, the first of which we cannot decode",
       kHead + "m=video 9 UDP/TLS/RTP/SAVPF 98\r\na=rtpmap:98 AV1/90000\r\n" + transport("no") +
           video(9, transport("vid")),
       "vid", {1003}, {"m=video 0", "m=video 9"}, "", 1},
      {"all the transport at session level",
       kHead + keys("sess") + kPrint + "a=setup:actpass\r\n" + bundle("a v") + audio(9, mid("a")) +
           video(9, mid("v")),
       "sess", {}, {"m=audio 0", "m=video 9"}, "a=group:BUNDLE v a", 1},
      {"a section's own credentials win over the session's",
       kHead + keys("sess") + kPrint + video(9, transport("vid")), "vid", {1003}, {"m=video 9"}, "",
       0},
      {"sections that have nothing to do with WebRTC",
       kHead + "m=audio 49170/2 RTP/AVP 0\r\nm=image 5000 udptl t38\r\n" +
           video(9, transport("vid")) + "m=text 0 RTP/AVP 98\r\n",
       "vid", {1003}, {"m=audio 0", "m=image 0", "m=video 9", "m=text 0"}, "", 2},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    const auto offer = read_offer(row.offer);
    ASSERT_TRUE(offer) << offer.error().message;
    const auto inside = SdpText::split(offer->sdp);
    ASSERT_EQ(inside.media.size(), 1U);
    EXPECT_EQ(find_attribute(inside.media[0], "ice-ufrag"), row.ufrag);
    EXPECT_EQ(find_attribute(inside.media[0], "ice-pwd"), row.ufrag + "-0123456789abcdefghij");
    EXPECT_EQ(find_attribute(inside.media[0], "setup"), "actpass");
    EXPECT_TRUE(find_attribute(inside.media[0], "fingerprint"));
    std::vector<int> ports;
    for (const auto& line : inside.media[0]) {
      if (line.starts_with("a=candidate")) ports.push_back(host_udp_port(line.substr(2)));
    }
    EXPECT_EQ(ports, row.candidate_ports);

    const auto answer = SdpText::split(finish_answer(webrtcbins_answer(*offer), *offer, 1'500));
    ASSERT_EQ(answer.media.size(), row.answer.size());
    const auto asked = SdpText::split(row.offer);
    for (std::size_t i = 0; i < row.answer.size(); ++i) {
      const auto line = media_line(answer.media[i].front());
      ASSERT_TRUE(line);
      EXPECT_EQ("m=" + line->kind + " " + std::to_string(line->port), row.answer[i]);
      // Same order, same protocol, same mid; at least one format (RFC 3264 section 6).
      EXPECT_EQ(line->protocol, media_line(asked.media[i].front())->protocol);
      if (const auto name = find_attribute(asked.media[i], "mid")) {
        EXPECT_EQ(find_attribute(answer.media[i], "mid"), name);
      }
      const bool taken = static_cast<int>(i) == offer->video_mline;
      EXPECT_EQ(has_line(answer.media[i], "a=inactive"), !taken);
      EXPECT_EQ(find_attribute(answer.media[i], "candidate").has_value(),
                static_cast<int>(i) == row.carrier);
      // aiortc looks for these before it looks at the port.
      EXPECT_TRUE(taken || static_cast<int>(i) == row.carrier ||
                  has_line(answer.media[i], "a=end-of-candidates"));
      EXPECT_EQ(find_attribute(answer.media[i], "ice-ufrag"), "ours");
      EXPECT_EQ(find_attribute(answer.media[i], "setup"), "active");
    }
    EXPECT_EQ(offer->carrier_mline, row.carrier);
    std::string group;
    for (const auto& line : answer.session) {
      if (line.starts_with("a=group")) group = line;
    }
    EXPECT_EQ(group, row.group);
  }
}

TEST(Answers, sections_without_a_mid_get_their_index_unless_it_is_taken) {
  // aiortc, whose own description has mids, refuses an answer without them.
  const auto offer = read_offer(kHead + audio(9, transport("first")) + audio(9, mid("0")) +
                                video(9, transport("vid")));
  ASSERT_TRUE(offer) << offer.error().message;
  const auto answer = SdpText::split(finish_answer(webrtcbins_answer(*offer), *offer, 1'500));
  EXPECT_FALSE(find_attribute(answer.media.at(0), "mid"));
  EXPECT_EQ(find_attribute(answer.media.at(1), "mid"), "0");
  EXPECT_EQ(find_attribute(answer.media.at(2), "mid"), "2");
}

TEST(Answers, a_video_that_webrtcbin_refuses_makes_no_answer) {
  const auto offer = read_offer(kHead + video(9, transport("vid")));
  ASSERT_TRUE(offer);
  EXPECT_EQ(finish_answer("", *offer, 1'500), "");
  EXPECT_EQ(finish_answer("v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n", *offer, 1'500), "");
}

TEST(ReadOffer, attributes_hold_from_the_session_in_any_spelling) {
  const std::string prints = "a=fingerprint:sha-1 0a:0B\r\na=Fingerprint:SHA-256 aa:bb:cc\r\n";
  struct Row {
    const char* what;
    std::string session;
    std::string section;
    Lines expected;
  };
  const Row table[] = {
      {"setup for the session", "a=setup:actpass\r\n", keys("k") + kPrint, {"a=setup:actpass"}},
      {"setup in capitals", "", keys("k") + kPrint + "a=Setup: PASSIVE \r\n", {"a=setup:passive"}},
      {"active", "", keys("k") + kPrint + "a=setup:active\r\n", {"a=setup:active"}},
      {"the section's setup wins", "a=setup:active\r\n", keys("k") + kPrint + "a=setup:passive\r\n",
       {"a=setup:passive"}},
      {"no setup means active (RFC 4145)", "", keys("k") + kPrint, {"a=setup:active"}},
      {"credentials for the session", keys("sess"), kPrint, {"a=ice-ufrag:sess"}},
      {"half a pair in the section does not mix with the session's", keys("sess"),
       "a=ice-ufrag:half\r\n" + kPrint,
       {"a=ice-ufrag:sess", "a=ice-pwd:sess-0123456789abcdefghij"}},
      {"names in capitals", "",
       "a=ICE-UFRAG:big\r\na=Ice-Pwd:big-0123456789abcdefghij\r\n" + prints,
       {"a=ice-ufrag:big", "a=ice-pwd:big-0123456789abcdefghij"}},
      {"several hashes, in any case", prints, keys("k"),
       {"a=fingerprint:sha-1 0A:0B", "a=fingerprint:sha-256 AA:BB:CC"}},
      {"a fingerprint that is none beside one", "",
       keys("k") + "a=fingerprint:sha-256 what\r\n" + prints,
       {"a=fingerprint:sha-256 AA:BB:CC"}},
      {"trickle in capitals", "a=ice-options:ICE2 Trickle\r\n", keys("k") + kPrint,
       {"a=ice-options:trickle"}},
      {"ice-lite", "a=ice-lite\r\n", keys("k") + kPrint, {"a=ice-lite"}},
      {"direction for the session", "a=sendonly\r\n", keys("k") + kPrint, {"a=sendonly"}},
      {"clock rate forgotten", "", keys("k") + kPrint + "a=rtpmap:97 rtx/90000\r\n",
       {"a=rtpmap:96 VP8/90000"}},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    for (const bool line_feeds : {false, true}) {
      std::string text = kHead + row.session + video(9, row.section);
      if (line_feeds) std::erase(text, '\r');
      const auto offer = read_offer(text);
      ASSERT_TRUE(offer) << offer.error().message;
      const auto lines = lines_of(offer->sdp);
      for (const auto& line : row.expected) EXPECT_TRUE(has_line(lines, line)) << offer->sdp;
    }
  }
}

TEST(ReadOffer, what_cannot_be_used_is_named_in_words) {
  struct Row {
    const char* what;
    std::string offer;
    const char* error;
    const char* words;
  };
  const std::string only = "a=bundle-only\r\n";
  const Row table[] = {
      {"twins", kHead + bundle("0") + audio(9, mid("0") + transport("a")) +
                    video(9, mid("0") + transport("v")),
       "bad_sdp", "two media sections share a=mid:0"},
      {"a mid of two words", kHead + video(9, "a=mid:x y\r\n" + transport("v")), "bad_sdp",
       "a=mid"},
      {"holdconn", kHead + video(9, keys("k") + kPrint + "a=setup:holdconn\r\n"), "bad_sdp",
       "holds its connection back"},
      {"an unknown setup", kHead + video(9, keys("k") + kPrint + "a=setup:maybe\r\n"), "bad_sdp",
       "a=setup"},
      {"no credentials anywhere", kHead + video(9, kPrint), "bad_sdp", "a=ice-ufrag"},
      {"empty credentials", kHead + video(9, "a=ice-ufrag:\r\na=ice-pwd:\r\n" + kPrint), "bad_sdp",
       "a=ice-ufrag"},
      {"no fingerprint anywhere", kHead + video(9, keys("k")), "bad_sdp", "a=fingerprint"},
      {"a fingerprint of a hash that nobody can compare",
       kHead + video(9, keys("k") + "a=fingerprint:md5 00:11\r\n"), "bad_sdp", "a=fingerprint"},
      {"bundle-only outside of a bundle", kHead + video(0, only + transport("v")), "no_video",
       "no video"},
      {"a line that is none", kHead + "hello there\r\n" + video(9, transport("v")), "bad_sdp",
       "x=value"},
      {"a control character", kHead + video(9, transport("v") + "a=x:\x01\r\n"), "bad_sdp",
       "x=value"},
      {"a port that is none", kHead + "m=video 70000 UDP/TLS/RTP/SAVPF 96\r\n", "bad_sdp",
       "m= line"},
      {"AV1 only", kHead + "m=video 9 UDP/TLS/RTP/SAVPF 45 46\r\na=rtpmap:45 AV1/90000\r\n"
                           "a=rtpmap:46 rtx/90000\r\n" + transport("v"),
       "unsupported_codec", "is AV1;"},
      {"VP9 and H265", kHead + "m=video 9 UDP/TLS/RTP/SAVPF 98 99\r\na=rtpmap:98 VP9/90000\r\n"
                               "a=rtpmap:99 H265/90000\r\n" + transport("v"),
       "unsupported_codec", "is H265, VP9;"},
      {"VP8 at a clock that is not VP8's",
       kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/8000\r\n" + transport("v"),
       "unsupported_codec", "is VP8;"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    const auto offer = read_offer(row.offer);
    ASSERT_FALSE(offer);
    EXPECT_EQ(offer.error().name.text(), row.error);
    EXPECT_NE(offer.error().message.find(row.words), std::string::npos) << offer.error().message;
  }
}

TEST(ReadOffer, what_a_peer_invents_does_not_reach_the_library) {
  const auto offer = read_offer(
      kHead + "a=extmap-allow-mixed\r\na=x-secret:1\r\nb=AS:1\r\n" +
      video(9, transport("v") + "b=AS:5\r\nk=clear:x\r\na=rid:h send\r\na=simulcast:send h\r\n"
                                "a=crypto:1 X inline:y\r\na=rtpmap:1000 VP8/90000\r\na=ssrc:1\r\n"
                                "a=ssrc:12 cname:c\r\na=ssrc:-1 cname:c\r\n"
                                "a=candidate:nonsense\r\n"));
  ASSERT_TRUE(offer) << offer.error().message;
  for (const char* text : {"mixed", "x-secret", "b=", "k=", "rid", "simulcast", "crypto", "1000",
                           "ssrc:1\r", "ssrc:-1", "nonsense"}) {
    EXPECT_EQ(offer->sdp.find(text), std::string::npos) << text << "\n" << offer->sdp;
  }
  EXPECT_NE(offer->sdp.find("a=ssrc:12 cname:c\r\n"), std::string::npos);
}

TEST(ReadOffer, candidates_of_a_refused_section_are_not_ours) {
  const auto own = read_offer(kHead + bundle("a v") + audio(9, mid("a") + transport("first")) +
                              video(9, mid("v") + transport("vid")));
  ASSERT_TRUE(own);
  EXPECT_FALSE(own->sections.at(0).on_our_transport);
  EXPECT_TRUE(own->sections.at(1).on_our_transport);
  const auto shared = read_offer(kHead + bundle("a v") + audio(9, mid("a") + transport("same")) +
                                 video(9, mid("v") + transport("same")));
  ASSERT_TRUE(shared);
  EXPECT_TRUE(shared->sections.at(0).on_our_transport);
}

TEST(FinishAnswer, start_bitrate_joins_an_existing_fmtp_or_makes_one) {
  const auto offer = read_offer(kHead + video(9, transport("vid")));
  ASSERT_TRUE(offer);
  const auto made = finish_answer(
      kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n", *offer, 1'500);
  EXPECT_NE(made.find("a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-start-bitrate=1500\r\n"),
            std::string::npos)
      << made;
  const auto joined = finish_answer(
      kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=fmtp:96 max-fr=30\r\n",
      *offer, 1'500);
  EXPECT_NE(joined.find("a=fmtp:96 max-fr=30;x-google-start-bitrate=1500\r\n"), std::string::npos)
      << joined;
}

TEST(Candidates, only_plausible_ones_pass) {
  const std::pair<std::string, bool> table[] = {
      {"candidate:1 1 UDP 2015363327 127.0.0.1 53412 typ host", true},
      {"candidate:1 1 udp 1 0b1f9c5e.local 9 typ host generation 0 ufrag x", true},
      {"a=candidate:1 1 TCP 1 ::1 9 typ host tcptype active", true},
      {"", false},
      {"candidate:", false},
      {"candidate:1 1 UDP 1 127.0.0.1 70000 typ host", false},
      {"candidate:1 1 UDP 1 127.0.0.1 -1 typ host", false},
      {"candidate:1 1 UDP 1 127.0.0.1 9 type host", false},
      {"candidate:1 1 UDP 1 127.0.0.1 9 typ host\r\na=evil", false},
      {"candidate:1 1 UDP 1 " + std::string(2'000, 'a') + " 9 typ host", false},
  };
  for (const auto& [candidate, expected] : table) {
    EXPECT_EQ(plausible_candidate(candidate), expected) << candidate.substr(0, 80);
  }
}

TEST(Candidates, port_of_a_udp_host_candidate) {
  EXPECT_EQ(host_udp_port("candidate:1 1 UDP 2015363327 127.0.0.1 53412 typ host"), 53'412);
  EXPECT_EQ(host_udp_port("candidate:1 1 TCP 2015363327 127.0.0.1 9 typ host"), 0);
  EXPECT_EQ(host_udp_port("candidate:1 1 UDP 1 1.2.3.4 5 typ srflx raddr 0.0.0.0 rport 0"), 0);
  EXPECT_EQ(host_udp_port("nonsense"), 0);
}

}  // namespace
}  // namespace surveillx::webrtc
