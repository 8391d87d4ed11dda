#include "surveillx/gst/element.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include <condition_variable>
#include <mutex>

namespace surveillx::webrtc {
namespace {

using namespace std::chrono_literals;

/// An offer nobody stands behind: answering it runs the same code a camera's offer does.
constexpr const char* kOffer =
    "v=0\r\n"
    "o=- 1 1 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=ice-options:trickle\r\n"
    "a=group:BUNDLE 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=ice-ufrag:warm\r\n"
    "a=ice-pwd:warmwarmwarmwarmwarmwarm\r\n"
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "a=setup:actpass\r\n"
    "a=mid:0\r\n"
    "a=sendonly\r\n"
    "a=rtcp-mux\r\n"
    "a=rtpmap:96 VP8/90000\r\n";

/// Loads a decoder's plugin and what it links to, which takes libav over 100 ms the first time.
void touch(const char* factory) {
  if (auto element = gst::make(factory)) {
    gst_element_set_state(element->get(), GST_STATE_READY);
    gst_element_set_state(element->get(), GST_STATE_NULL);
  }
}

}  // namespace

Result<void> warm_up() {
  if (auto there = gst::require({"webrtcbin", "nicesrc", "nicesink", "dtlssrtpdec", "srtpdec",
                                 "rtpbin", "rtpvp8depay", "vp8dec", "rtph264depay", "h264parse",
                                 "videoconvert", "appsink", "fakesink", "valve"});
      !there) {
    return there;
  }
  const char* h264 = gst::has_factory("avdec_h264") ? "avdec_h264" : "openh264dec";
  if (auto there = gst::require({h264}); !there) return there;
  for (const char* factory :
       {"rtpvp8depay", "vp8dec", "rtph264depay", "h264parse", h264, "videoconvert", "appsink"}) {
    touch(factory);
  }

  struct Answered {
    std::mutex mutex;
    std::condition_variable changed;
    bool yes = false;
  };
  const auto answered = std::make_shared<Answered>();
  SessionOptions options;
  SessionEvents events;
  events.on_answer = [answered](const std::string& /*sdp*/) {
    const std::lock_guard lock(answered->mutex);
    answered->yes = true;
    answered->changed.notify_all();
  };
  auto session = PeerSession::answer(options, kOffer, stream::CameraStream::create({}, {}),
                                     std::move(events));
  if (!session) return session.error();
  {
    std::unique_lock lock(answered->mutex);
    answered->changed.wait_for(lock, 5s, [&] { return answered->yes; });
  }
  (*session)->close();
  return {};
}

bool drain(std::chrono::milliseconds timeout) { return gst::drain_reaper(timeout); }

}  // namespace surveillx::webrtc
