// The one sender of all measurements: `latency_sender CLIP.ivf`. Writes one JSON line with its
// offer, reads one with the answer, plays the encoded clip in real time at 30 frames a second and
// writes when the last packet of each frame went out: {"sent": [ns, ...]}, by frame number.
#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/promise.hpp"
#include "surveillx/gst/sdp.hpp"
#include "surveillx/gst/signal_guard.hpp"

#include "clock.hpp"
#include "ivf.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>

namespace {

using namespace surveillx;
using namespace std::chrono_literals;

constexpr int kPayloadType = 96;

/// What the streaming threads tell main.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::string offer;
  bool connected = false;
  std::vector<std::int64_t> sent;

  template <class F>
  bool wait(F condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 20s, condition);
  }
};

void make_offer(GstElement* bin) {
  const auto promise = gst::make_promise([bin](const GstStructure* reply) {
    auto offer = gst::description(GST_WEBRTC_SDP_TYPE_OFFER, gst::description_text(reply, "offer"));
    const auto set = gst::make_promise({});
    if (offer) g_signal_emit_by_name(bin, "set-local-description", offer->get(), set.get());
  });
  g_signal_emit_by_name(bin, "create-offer", nullptr, promise.get());
}

std::string without_trickle(std::string sdp) {
  const std::string line = "a=ice-options:trickle\r\n";
  for (auto at = sdp.find(line); at != std::string::npos; at = sdp.find(line)) {
    sdp.erase(at, line.size());
  }
  return sdp;
}

/// Notes the time of each packet with the marker bit: the RTP header stays readable under SRTP.
gst::ProbeGuard stamp_markers(GstElement* nicesink, Shared& shared) {
  const auto note = [&shared](GstBuffer* packet) {
    std::uint8_t header[2] = {};
    gst_buffer_extract(packet, 0, header, sizeof header);
    if ((header[0] & 0xc0) != 0x80 || header[1] != (0x80 | kPayloadType)) return;
    const std::lock_guard lock(shared.mutex);
    shared.sent.push_back(bench::now_ns());
  };
  return gst::ProbeGuard::add(
      gst::static_pad(nicesink, "sink").get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
      [note](GstPad*, GstPadProbeInfo* info) {
        if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
          GstBufferList* list = gst_pad_probe_info_get_buffer_list(info);
          for (guint i = 0; i < gst_buffer_list_length(list); ++i) {
            note(gst_buffer_list_get(list, i));
          }
        } else if (GstBuffer* packet = gst_pad_probe_info_get_buffer(info)) {
          note(packet);
        }
      });
}

int run(const std::string& path) {
  const auto clip = bench::read_ivf(path);
  const auto pipeline =
      gst::parse_pipeline(
          "webrtcbin name=webrtc bundle-policy=max-bundle"
          " appsrc name=in is-live=true do-timestamp=true format=time caps=\"video/x-vp8,width=" +
          std::to_string(clip.width) + ",height=" + std::to_string(clip.height) +
          ",framerate=30/1\" ! rtpvp8pay picture-id-mode=15-bit mtu=1200 !"
          " application/x-rtp,media=video,encoding-name=VP8,payload=" +
          std::to_string(kPayloadType) + " ! webrtc.")
          .value();
  gst::drain_bus(pipeline.get(), [](const gst::BusEvent& event) {
    if (event.kind == gst::BusEvent::Kind::error) std::cerr << event.message << '\n';
  });
  const auto bin = gst::child(pipeline.get(), "webrtc");
  gst::Ref<GObject> ice;
  g_object_get(bin.get(), "ice-agent", ice.out(), nullptr);
  gboolean added = FALSE;
  g_signal_emit_by_name(ice.get(), "add-local-ip-address", "127.0.0.1", &added);

  Shared shared;
  std::vector<gst::SignalGuard> signals;
  signals.push_back(
      gst::connect<>(bin.get(), "on-negotiation-needed", [b = bin.get()] { make_offer(b); }));
  signals.push_back(
      gst::connect<>(bin.get(), "notify::ice-gathering-state", [b = bin.get(), &shared] {
        GstWebRTCICEGatheringState state{};
        g_object_get(b, "ice-gathering-state", &state, nullptr);
        if (state != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) return;
        const auto text = gst::description_property(b, "local-description");
        const std::lock_guard lock(shared.mutex);
        shared.offer = without_trickle(text);
        shared.changed.notify_all();
      }));
  signals.push_back(gst::connect<>(bin.get(), "notify::connection-state", [b = bin.get(), &shared] {
    GstWebRTCPeerConnectionState state{};
    g_object_get(b, "connection-state", &state, nullptr);
    const std::lock_guard lock(shared.mutex);
    shared.connected = state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED;
    shared.changed.notify_all();
  }));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  if (!shared.wait([&] { return !shared.offer.empty(); })) throw std::runtime_error("no offer");
  std::cout << boost::json::serialize(boost::json::object{{"offer", shared.offer}}) << std::endl;

  std::string line;
  std::getline(std::cin, line);
  const auto answer_text = boost::json::parse(line).at("answer").as_string();
  const auto answer =
      gst::description(GST_WEBRTC_SDP_TYPE_ANSWER, std::string(answer_text)).value();
  const auto promise = gst::make_promise({});
  g_signal_emit_by_name(bin.get(), "set-remote-description", answer.get(), promise.get());
  if (!shared.wait([&] { return shared.connected; })) throw std::runtime_error("not connected");
  const auto nicesink = gst::child_of_kind(bin.get(), "nicesink");
  auto probe = stamp_markers(nicesink.get(), shared);

  const auto in = gst::child(pipeline.get(), "in");
  // The other side sets up its SRTP after our handshake has ended.
  auto next = std::chrono::steady_clock::now() + 300ms;
  for (const auto& frame : clip.frames) {
    std::this_thread::sleep_until(next);
    next += std::chrono::nanoseconds(1'000'000'000 / 30);
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, frame.size(), nullptr);
    gst_buffer_fill(buffer, 0, frame.data(), frame.size());
    gst_app_src_push_buffer(GST_APP_SRC(in.get()), buffer);
  }
  shared.wait([&] { return shared.sent.size() >= clip.frames.size(); });
  std::this_thread::sleep_for(500ms);  // The last frame's way to the receiver.
  probe.remove();
  signals.clear();
  boost::json::array sent(shared.sent.begin(), shared.sent.end());
  std::cout << boost::json::serialize(boost::json::object{{"sent", std::move(sent)}}) << std::endl;
  std::getline(std::cin, line);  // The driver closes our input when the receiver is done.
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: latency_sender CLIP.ivf\n";
    return 2;
  }
  try {
    return run(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "latency_sender: " << error.what() << '\n';
    return 1;
  }
}
