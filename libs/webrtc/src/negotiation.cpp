#include "negotiation.hpp"

#include "surveillx/base/timer_thread.hpp"
#include "surveillx/gst/promise.hpp"
#include "surveillx/gst/sdp.hpp"

#include <utility>

namespace surveillx::webrtc {
namespace {

using namespace std::chrono_literals;
using stream::EndReason;

/// TURN over UDP once took over a second to answer; a peer that cannot trickle waits no longer.
constexpr auto kGatheringLimit = 2s;
constexpr int kMaxCandidates = 256;
constexpr int kStartBitrateKbps = 1'500;

}  // namespace

Negotiation::Negotiation(gst::Ref<GstElement> webrtcbin, Offer offer, const IceOptions& ice,
                         SessionName name, NegotiationEvents events)
    : offer_(std::move(offer)),
      min_port_(ice.min_port),
      max_port_(ice.max_port),
      name_(std::move(name)),
      events_(std::move(events)),
      webrtcbin_(std::move(webrtcbin)) {}

gst::Ref<GstElement> Negotiation::webrtcbin() const {
  const std::lock_guard lock(mutex_);
  return webrtcbin_;
}

void Negotiation::connect() {
  const auto bin = webrtcbin();
  const auto weak = weak_from_this();
  std::vector<gst::SignalGuard> signals;
  signals.push_back(gst::connect<GstWebRTCRTPTransceiver*>(
      bin.get(), "on-new-transceiver", [weak](GstWebRTCRTPTransceiver* transceiver) {
        g_object_set(transceiver, "do-nack", TRUE, nullptr);
        if (const auto self = weak.lock()) self->prefer_transport_cc(transceiver);
      }));
  signals.push_back(gst::connect<guint, const char*>(
      bin.get(), "on-ice-candidate", [weak](guint /*mline*/, const char* candidate) {
        const auto self = weak.lock();
        if (self && candidate != nullptr) self->on_local_candidate(candidate);
      }));
  signals.push_back(gst::connect<>(bin.get(), "notify::ice-gathering-state", [weak] {
    if (const auto self = weak.lock()) self->on_gathering_state();
  }));
  const std::lock_guard lock(mutex_);
  signals_ = std::move(signals);
}

void Negotiation::prefer_transport_cc(GstWebRTCRTPTransceiver* transceiver) {
  GstWebRTCKind kind{};
  g_object_get(transceiver, "kind", &kind, nullptr);
  if (!offer_.transport_cc || kind != GST_WEBRTC_KIND_VIDEO) return;
  // Left alone, webrtcbin's answer promises transport-cc feedback but drops the header extension
  // that it needs; naming the extension in the preferred caps keeps it.
  const auto extension = "extmap-" + std::to_string(*offer_.transport_cc);
  const auto caps = gst::adopt(gst_caps_new_simple(
      "application/x-rtp", "media", G_TYPE_STRING, "video", "encoding-name", G_TYPE_STRING,
      std::string(stream::encoding_name(offer_.codec)).c_str(), "clock-rate", G_TYPE_INT, 90'000,
      extension.c_str(), G_TYPE_STRING, std::string(kTransportCcUri).c_str(), nullptr));
  g_object_set(transceiver, "codec-preferences", caps.get(), nullptr);
}

void Negotiation::begin(GstWebRTCSessionDescription* offer) {
  const auto promise = gst::make_promise([weak = weak_from_this()](const GstStructure* reply) {
    if (const auto self = weak.lock()) self->on_remote_description(gst::promise_error(reply));
  });
  const auto bin = webrtcbin();
  if (!bin) return;
  g_signal_emit_by_name(bin.get(), "set-remote-description", offer, promise.get());
}

void Negotiation::on_remote_description(const std::string& error) {
  if (!error.empty()) {
    events_.on_failed(EndReason::bad_sdp, "the offer was refused: " + error);
    return;
  }
  std::vector<std::string> waiting;
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (!webrtcbin_) return;
    remote_set_ = true;
    waiting.swap(waiting_candidates_);
    bin = webrtcbin_;
  }
  for (const auto& candidate : waiting) give_candidate(candidate);
  const auto promise = gst::make_promise([weak = weak_from_this()](const GstStructure* reply) {
    if (const auto self = weak.lock()) {
      self->on_answer_created(gst::description_text(reply, "answer"), gst::promise_error(reply));
    }
  });
  g_signal_emit_by_name(bin.get(), "create-answer", nullptr, promise.get());
}

void Negotiation::on_answer_created(const std::string& sdp, const std::string& error) {
  auto answer = gst::description(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
  if (!error.empty() || !answer) {
    events_.on_failed(EndReason::bad_sdp, "no answer could be made: " + error);
    return;
  }
  const auto bin = webrtcbin();
  if (!bin) return;
  const auto promise = gst::make_promise([weak = weak_from_this(), sdp](const GstStructure* reply) {
    const auto self = weak.lock();
    if (!self) return;
    self->on_local_description(sdp, gst::promise_error(reply));
  });
  g_signal_emit_by_name(bin.get(), "set-local-description", answer->get(), promise.get());
}

void Negotiation::on_local_description(const std::string& answer, const std::string& error) {
  if (!error.empty()) {
    events_.on_failed(EndReason::bad_sdp, "the answer was refused: " + error);
    return;
  }
  events_.on_described();
  check_ports(answer);
}

void Negotiation::check_ports(const std::string& answer) {
  const auto bin = webrtcbin();
  if (!bin) return;
  // libnice gathers host candidates while the local description is set, and webrtcbin tells them on
  // its task thread behind that: once this is answered, there are some or there will be none.
  const auto promise =
      gst::make_promise([weak = weak_from_this(), answer](const GstStructure* reply) {
        const auto self = weak.lock();
        if (self && reply != nullptr) self->on_ports_known(answer);
      });
  g_signal_emit_by_name(bin.get(), "get-stats", nullptr, promise.get());
}

void Negotiation::on_ports_known(const std::string& answer) {
  if (candidates_found_.load() == 0) {
    events_.on_failed(EndReason::no_media_port,
                      "no free media port (ice.min_port..max_port)" +
                          (min_port_ == 0 ? std::string()
                                          : ": all of " + std::to_string(min_port_) + ".." +
                                                std::to_string(max_port_) + " are in use"));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (!webrtcbin_) return;
    local_set_ = true;
  }
  if (offer_.trickle) {
    send_answer(answer);
    return;
  }
  on_gathering_state();  // It may have ended before.
  aside_after(kGatheringLimit, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->send_gathered_answer();
  });
}

void Negotiation::on_gathering_state() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (!webrtcbin_ || (!offer_.trickle && !local_set_)) return;
    bin = webrtcbin_;
  }
  GstWebRTCICEGatheringState gathering{};
  g_object_get(bin.get(), "ice-gathering-state", &gathering, nullptr);
  if (gathering != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) return;
  if (!offer_.trickle) {
    send_gathered_answer();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(gathered_, true)) return;
  }
  events_.on_candidate("");
}

void Negotiation::send_gathered_answer() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (answered_) return;
    bin = webrtcbin_;
  }
  if (bin) send_answer(gst::description_property(bin.get(), "local-description"));
}

void Negotiation::send_answer(const std::string& sdp) {
  const auto text = finish_answer(sdp, offer_, kStartBitrateKbps);
  if (text.empty()) {
    events_.on_failed(EndReason::bad_sdp, "the offer's video cannot be taken as it is described");
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (!webrtcbin_ || std::exchange(answered_, true)) return;
  }
  events_.on_answer(text);
}

void Negotiation::on_local_candidate(const std::string& candidate) {
  candidates_found_.fetch_add(1);
  if (const int port = host_udp_port(candidate); port != 0) raise_receive_buffer(port);
  if (offer_.trickle) events_.on_candidate(candidate);  // Else it is inside the answer.
}

void Negotiation::add_candidate(const std::string& candidate, int mline_index) {
  if (candidate.empty()) return;  // The end of the list: libnice needs no word about it.
  const auto section = static_cast<std::size_t>(mline_index);
  if (!plausible_candidate(candidate) || mline_index < 0 || section >= offer_.sections.size()) {
    log::warn("session.bad_candidate", {name_.camera_field(), name_.session_field()});
    return;
  }
  // Of a section that is refused and has a transport of its own.
  if (!offer_.sections[section].on_our_transport) return;
  {
    const std::lock_guard lock(mutex_);
    if (!webrtcbin_) return;
    if (++candidates_given_ > kMaxCandidates) {
      if (candidates_given_ == kMaxCandidates + 1) {
        log::warn("session.too_many_candidates", {name_.camera_field(), name_.session_field()});
      }
      return;
    }
    if (!remote_set_) {
      waiting_candidates_.push_back(candidate);
      return;
    }
  }
  give_candidate(candidate);
}

void Negotiation::give_candidate(const std::string& candidate) {
  const auto bin = webrtcbin();
  // webrtcbin knows one section.
  if (bin) g_signal_emit_by_name(bin.get(), "add-ice-candidate", 0U, candidate.c_str());
}

bool Negotiation::described() const {
  const std::lock_guard lock(mutex_);
  return local_set_;
}

void Negotiation::close() {
  // Moved out under the lock, dropped without it: a guard waits for handlers, which take the lock.
  std::vector<gst::SignalGuard> signals;
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    signals.swap(signals_);
    bin.swap(webrtcbin_);
    waiting_candidates_.clear();
  }
  signals.clear();
}

}  // namespace surveillx::webrtc
