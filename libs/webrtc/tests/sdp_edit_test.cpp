#include "sdp_edit.hpp"

#include <gtest/gtest.h>

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
  EXPECT_EQ(offer->codec, Codec::vp8);
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

TEST(ReadOffer, audio_and_further_video_become_inactive_and_the_video_send_only) {
  const std::string video =
      "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=sendrecv\r\n" + kKeys;
  const auto offer =
      read_offer(kHead + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\n" + video +
                 "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" + video);
  ASSERT_TRUE(offer) << offer.error().message;
  EXPECT_EQ(offer->video_mline, 1);
  EXPECT_EQ(offer->sections, 4);
  const auto sdp = SdpText::split(offer->sdp);
  const auto direction = [&](std::size_t i) { return sdp.media[i].back(); };
  EXPECT_EQ(direction(0), "a=inactive");
  EXPECT_EQ(direction(1), "a=sendonly");
  EXPECT_EQ(direction(3), "a=inactive");
}

TEST(ReadOffer, trickle_is_seen_at_session_and_media_level) {
  const std::string video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n" + kKeys;
  EXPECT_FALSE(read_offer(kHead + video)->trickle);
  EXPECT_TRUE(read_offer(kHead + "a=ice-options:trickle\r\n" + video)->trickle);
  EXPECT_TRUE(read_offer(kHead + video + "a=ice-options:renomination trickle\r\n")->trickle);
  EXPECT_FALSE(read_offer(kHead + video + "a=ice-options:trickless\r\n")->trickle);
}

TEST(ReadOffer, port_zero_in_a_bundle_is_not_a_rejection) {
  const auto offer = read_offer(
      kHead +
      "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
      "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=bundle-only\r\na=rtpmap:96 VP8/90000\r\n" +
      kKeys);
  ASSERT_TRUE(offer) << offer.error().message;
  EXPECT_EQ(offer->video_mline, 1);
}

TEST(ReadOffer, a_bundle_gets_the_credentials_of_its_first_section) {
  const auto offer =
      read_offer(kHead +
                 "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
                 "a=ice-ufrag:first\r\na=ice-pwd:first-password-of-the-offer\r\n"
                 "a=candidate:1 1 UDP 1 10.0.0.1 1111 typ host\r\n"
                 "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n"
                 "a=candidate:2 1 UDP 1 10.0.0.1 2222 typ host\r\n" +
                 kKeys);
  ASSERT_TRUE(offer) << offer.error().message;
  EXPECT_EQ(offer->sdp.find("abcd"), std::string::npos) << offer->sdp;
  EXPECT_EQ(offer->sdp.find("2222"), std::string::npos) << offer->sdp;
  EXPECT_NE(offer->sdp.find("1111"), std::string::npos) << offer->sdp;
  const auto video = SdpText::split(offer->sdp).media.at(1);
  EXPECT_EQ(std::count(video.begin(), video.end(), "a=ice-ufrag:first"), 1);
}

TEST(ReadOffer, line_feeds_alone_are_accepted) {
  std::string sdp = kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n" + kKeys;
  std::erase(sdp, '\r');
  EXPECT_EQ(name_of(sdp), "accepted");
}

TEST(FinishAnswer, start_bitrate_joins_an_existing_fmtp_or_makes_one) {
  const auto vp8 = finish_answer(
      kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n", 96, 1'500);
  EXPECT_NE(vp8.find("a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-start-bitrate=1500\r\n"),
            std::string::npos)
      << vp8;
  const auto h264 = finish_answer(kHead +
                                      "m=video 9 UDP/TLS/RTP/SAVPF 102\r\na=rtpmap:102 H264/90000"
                                      "\r\na=fmtp:102 packetization-mode=1\r\n",
                                  102, 1'500);
  EXPECT_NE(h264.find("a=fmtp:102 packetization-mode=1;x-google-start-bitrate=1500\r\n"),
            std::string::npos)
      << h264;
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
