#include "session.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/promise.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/gst/sdp.hpp"
#include "surveillx/ice/local_addresses.hpp"

#include "timer_thread.hpp"

namespace surveillx::webrtc {
namespace {

using namespace std::chrono_literals;

/// TURN over UDP once took over a second to answer; a peer that cannot trickle waits no longer.
constexpr auto kGatheringLimit = 2s;
constexpr auto kFailedGrace = 1'500ms;
constexpr int kMaxCandidates = 256;
constexpr int kStartBitrateKbps = 1'500;

}  // namespace

Session::Session(SessionOptions options, Offer offer, SessionEvents events)
    : options_(std::move(options)),
      offer_(std::move(offer)),
      events_(std::make_shared<const SessionEvents>(std::move(events))) {}

Session::~Session() { close(); }

Result<void> Session::start() {
  if (auto ready = gst::init(); !ready) return ready;
  // Parsed again by the library that will act on it, before anything is built.
  auto offer = gst::description(GST_WEBRTC_SDP_TYPE_OFFER, offer_.sdp);
  if (!offer) return Error{kBadSdp, offer.error().message};
  auto bin = gst::make("webrtcbin", "webrtc");
  if (!bin) return bin.error();
  webrtcbin_ = std::move(*bin);
  pipeline_ = gst::sink(gst_pipeline_new(nullptr));
  gst_bin_add(GST_BIN(pipeline_.get()), webrtcbin_.get());
  gst::drain_bus(pipeline_.get(), [weak = weak_from_this()](const gst::BusEvent& event) {
    const auto self = weak.lock();
    if (!self || event.kind != gst::BusEvent::Kind::error) return;
    self->end(EndReason::pipeline_error, event.source + ": " + event.message);
  });
  gst_util_set_object_arg(G_OBJECT(webrtcbin_.get()), "bundle-policy", "max-bundle");
  g_object_set(webrtcbin_.get(), "latency", static_cast<guint>(options_.jitter_latency.count()),
               nullptr);
  if (auto ice = configure_ice(); !ice) return ice;
  connect_signals();
  outbox_.hold();  // Candidates wait until the answer has gone out.
  started_ = std::chrono::steady_clock::now();
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    return Error{gst::kPipelineError, "webrtcbin does not start"};
  }
  const auto promise = gst::make_promise([weak = weak_from_this()](const GstStructure* reply) {
    if (const auto self = weak.lock()) self->on_remote_description(gst::promise_error(reply));
  });
  g_signal_emit_by_name(webrtcbin_.get(), "set-remote-description", offer->get(), promise.get());
  watch();
  return {};
}

Result<void> Session::configure_ice() {
  gst::Ref<GObject> ice;
  g_object_get(webrtcbin_.get(), "ice-agent", ice.out(), nullptr);
  if (!ice) return Error{gst::kPipelineError, "webrtcbin has no ICE agent"};
  // libnice takes any address here and then silently gathers nothing on it.
  if (auto there = ice::check_gatherable(options_.ice.local_addresses); !there) return there;
  for (const auto& address : options_.ice.local_addresses) {
    gboolean added = FALSE;
    g_signal_emit_by_name(ice.get(), "add-local-ip-address", address.c_str(), &added);
    if (added == FALSE) {
      return Error{ice::kBadIceAddress, "libnice refuses the address " + address};
    }
  }
  const auto set_if_there = [](GObject* object, const char* name, auto value) {
    if (gst::has_property(object, name)) g_object_set(object, name, value, nullptr);
  };
  if (options_.ice.min_port != 0) {
    set_if_there(ice.get(), "min-rtp-port", static_cast<guint>(options_.ice.min_port));
  }
  if (options_.ice.max_port != 0) {
    set_if_there(ice.get(), "max-rtp-port", static_cast<guint>(options_.ice.max_port));
  }
  gst::Ref<GObject> agent;
  if (gst::has_property(ice.get(), "agent")) g_object_get(ice.get(), "agent", agent.out(), nullptr);
  if (agent) {
    set_if_there(agent.get(), "upnp", FALSE);
    set_if_there(agent.get(), "ice-tcp", FALSE);
  }
  for (const auto& server : options_.ice.servers) {
    const std::string url = server.element_url();
    if (!server.is_turn()) {
      g_object_set(webrtcbin_.get(), "stun-server", url.c_str(), nullptr);
      continue;
    }
    gboolean added = FALSE;
    g_signal_emit_by_name(webrtcbin_.get(), "add-turn-server", url.c_str(), &added);
    // The URL holds a password: it is not repeated here.
    if (added == FALSE) log::warn("session.turn_refused", {camera_field(), session_field()});
  }
  return {};
}

void Session::connect_signals() {
  GstElement* bin = webrtcbin_.get();
  const auto weak = weak_from_this();
  signals_.push_back(gst::connect<GstWebRTCRTPTransceiver*>(
      bin, "on-new-transceiver", [weak](GstWebRTCRTPTransceiver* transceiver) {
        g_object_set(transceiver, "do-nack", TRUE, nullptr);
        if (const auto self = weak.lock()) self->prefer_transport_cc(transceiver);
      }));
  signals_.push_back(gst::connect<guint, const char*>(
      bin, "on-ice-candidate", [weak](guint /*mline*/, const char* candidate) {
        const auto self = weak.lock();
        if (self && candidate != nullptr) self->on_local_candidate(candidate);
      }));
  signals_.push_back(gst::connect<>(bin, "notify::ice-gathering-state", [weak] {
    if (const auto self = weak.lock()) self->on_gathering_state();
  }));
  signals_.push_back(gst::connect<>(bin, "notify::ice-connection-state", [weak] {
    if (const auto self = weak.lock()) self->on_ice_state();
  }));
  signals_.push_back(gst::connect<GstPad*>(bin, "pad-added", [weak](GstPad* pad) {
    if (const auto self = weak.lock()) self->on_pad(pad);
  }));
  if (const auto rtpbin = gst::child(bin, "rtpbin")) {
    // Not `drop-on-latency`: it throws away packets that did arrive whenever decoding takes longer
    // than `latency` once, as a first large frame does, and the picture is garbage until the next
    // keyframe. CatchUp and Backlog keep what waits within bounds.
    g_object_set(rtpbin.get(), "max-streams", static_cast<guint>(SourceLimit::kLimit), nullptr);
    signals_.push_back(gst::connect<GstPad*>(rtpbin.get(), "pad-added", [weak](GstPad* pad) {
      if (const auto self = weak.lock()) self->on_rtpbin_pad(pad);
    }));
    signals_.push_back(gst::connect<GstElement*>(rtpbin.get(), "new-jitterbuffer",
                                                 [weak](GstElement* jitterbuffer) {
                                                   if (const auto self = weak.lock())
                                                     self->on_jitterbuffer(jitterbuffer);
                                                 }));
  }
}

void Session::prefer_transport_cc(GstWebRTCRTPTransceiver* transceiver) {
  GstWebRTCKind kind{};
  g_object_get(transceiver, "kind", &kind, nullptr);
  if (!offer_.transport_cc || kind != GST_WEBRTC_KIND_VIDEO) return;
  // Left alone, webrtcbin's answer promises transport-cc feedback but drops the header extension
  // that it needs; naming the extension in the preferred caps keeps it.
  const auto extension = "extmap-" + std::to_string(*offer_.transport_cc);
  const auto caps = gst::adopt(gst_caps_new_simple(
      "application/x-rtp", "media", G_TYPE_STRING, "video", "encoding-name", G_TYPE_STRING,
      offer_.codec == Codec::h264 ? "H264" : "VP8", "clock-rate", G_TYPE_INT, 90'000,
      extension.c_str(), G_TYPE_STRING, std::string(kTransportCcUri).c_str(), nullptr));
  g_object_set(transceiver, "codec-preferences", caps.get(), nullptr);
}

void Session::on_remote_description(const std::string& error) {
  if (!error.empty()) {
    end(EndReason::bad_sdp, "the offer was refused: " + error);
    return;
  }
  std::vector<std::string> waiting;
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
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

void Session::on_answer_created(const std::string& sdp, const std::string& error) {
  auto answer = gst::description(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
  if (!error.empty() || !answer) {
    end(EndReason::bad_sdp, "no answer could be made: " + error);
    return;
  }
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    bin = webrtcbin_;
  }
  const auto promise = gst::make_promise([weak = weak_from_this(), sdp](const GstStructure* reply) {
    const auto self = weak.lock();
    if (!self) return;
    self->on_local_description(sdp, gst::promise_error(reply));
  });
  g_signal_emit_by_name(bin.get(), "set-local-description", answer->get(), promise.get());
}

void Session::on_local_description(const std::string& answer, const std::string& error) {
  if (!error.empty()) {
    end(EndReason::bad_sdp, "the answer was refused: " + error);
    return;
  }
  watch_dtls();
  drop_data();
  check_ports(answer);
}

void Session::check_ports(const std::string& answer) {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    bin = webrtcbin_;
  }
  // libnice gathers host candidates while the local description is set, and webrtcbin tells them on
  // its task thread behind that: once this is answered, there are some or there will be none.
  const auto promise =
      gst::make_promise([weak = weak_from_this(), answer](const GstStructure* reply) {
        const auto self = weak.lock();
        if (self && reply != nullptr) self->on_ports_known(answer);
      });
  g_signal_emit_by_name(bin.get(), "get-stats", nullptr, promise.get());
}

void Session::on_ports_known(const std::string& answer) {
  if (candidates_found_.load() == 0) {
    const auto& ice = options_.ice;
    end(EndReason::no_media_port,
        "no free media port (ice.min_port..max_port)" +
            (ice.min_port == 0 ? std::string()
                               : ": all of " + std::to_string(ice.min_port) + ".." +
                                     std::to_string(ice.max_port) + " are in use"));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    local_set_ = true;
  }
  if (offer_.trickle) {
    send_answer(answer);
    return;
  }
  on_gathering_state();  // It may have ended before.
  later(kGatheringLimit, &Session::send_gathered_answer);
}

void Session::on_gathering_state() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || (!offer_.trickle && !local_set_)) return;
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
    if (gathered_) return;
    gathered_ = true;
  }
  post([mline = offer_.carrier_mline](const SessionEvents& events) {
    if (events.on_candidate) events.on_candidate("", mline);
  });
}

void Session::send_gathered_answer() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || answered_) return;
    bin = webrtcbin_;
  }
  send_answer(gst::description_property(bin.get(), "local-description"));
}

void Session::send_answer(const std::string& sdp) {
  const auto text = finish_answer(sdp, offer_, kStartBitrateKbps);
  if (text.empty()) {
    end(EndReason::bad_sdp, "the offer's video cannot be taken as it is described");
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_ || answered_) return;
    answered_ = true;
  }
  log::info("session.answered", {camera_field(),
                                 session_field(),
                                 {"codec", to_string(offer_.codec)},
                                 {"trickle", offer_.trickle}});
  outbox_.release([weak = weak_from_this(), text] {
    const auto self = weak.lock();
    if (!self) return;
    self->emit([&](const SessionEvents& events) {
      if (events.on_answer) events.on_answer(text);
    });
  });
}

void Session::on_local_candidate(const std::string& candidate) {
  candidates_found_.fetch_add(1);
  if (const int port = host_udp_port(candidate); port != 0) raise_receive_buffer(port);
  if (!offer_.trickle) return;  // It is inside the answer.
  post([candidate, mline = offer_.carrier_mline](const SessionEvents& events) {
    if (events.on_candidate) events.on_candidate(candidate, mline);
  });
}

void Session::add_candidate(const std::string& candidate, int mline_index) {
  if (candidate.empty()) return;  // The end of the list: libnice needs no word about it.
  const auto section = static_cast<std::size_t>(mline_index);
  if (!plausible_candidate(candidate) || mline_index < 0 || section >= offer_.sections.size()) {
    log::warn("session.bad_candidate", {camera_field(), session_field()});
    return;
  }
  // Of a section that is refused and has a transport of its own.
  if (!offer_.sections[section].on_our_transport) return;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (++candidates_given_ > kMaxCandidates) {
      if (candidates_given_ == kMaxCandidates + 1) {
        log::warn("session.too_many_candidates", {camera_field(), session_field()});
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

void Session::give_candidate(const std::string& candidate) {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    bin = webrtcbin_;
  }
  if (!bin) return;
  // webrtcbin knows one section.
  g_signal_emit_by_name(bin.get(), "add-ice-candidate", 0U, candidate.c_str());
}

void Session::on_ice_state() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    bin = webrtcbin_;
  }
  GstWebRTCICEConnectionState ice{};
  g_object_get(bin.get(), "ice-connection-state", &ice, nullptr);
  keep_transport_states(bin.get(), nullptr);
  if (ice != GST_WEBRTC_ICE_CONNECTION_STATE_FAILED) return;
  // Before the last candidate has come, libnice may fail and recover.
  later(kFailedGrace, &Session::end_if_still_failed);
}

void Session::later(std::chrono::milliseconds delay, void (Session::*call)()) {
  TimerThread::instance().at(std::chrono::steady_clock::now() + delay,
                             [weak = weak_from_this(), call] {
                               aside([weak, call] {
                                 if (const auto self = weak.lock()) (self.get()->*call)();
                               });
                             });
}

void Session::watch_dtls() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    bin = webrtcbin_;
  }
  gst::Ref<GArray> transceivers;
  g_signal_emit_by_name(bin.get(), "get-transceivers", transceivers.out());
  gst::Ref<GObject> dtls;
  for (guint i = 0; transceivers && i < transceivers->len && !dtls; ++i) {
    gst::Ref<GObject> receiver;
    g_object_get(g_array_index(transceivers.get(), GstWebRTCRTPTransceiver*, i), "receiver",
                 receiver.out(), nullptr);
    if (receiver) g_object_get(receiver.get(), "transport", dtls.out(), nullptr);
  }
  if (!dtls) return;
  auto guard = gst::connect<>(dtls.get(), "notify::state", [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_dtls_state();
  });
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  dtls_ = std::move(dtls);
  signals_.push_back(std::move(guard));
}

void Session::drop_data() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    bin = webrtcbin_;
  }
  const auto decoder = gst::child_of_kind(bin.get(), "dtlssrtpdec");
  const auto pad = decoder ? gst::static_pad(decoder.get(), "data_src") : nullptr;
  if (!pad) return;
  // Data channels are refused, and a peer that opens one all the same sends SCTP over DTLS. The pad
  // leads nowhere: "not linked" would travel up to nicesrc and end the session.
  auto probe = gst::ProbeGuard::add_filter(
      pad.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
      [](GstPad*, GstPadProbeInfo*) { return false; });
  const std::lock_guard lock(mutex_);
  if (!closed_) probes_.push_back(std::move(probe));
}

void Session::on_dtls_state() {
  gst::Ref<GObject> dtls;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || !dtls_) return;
    dtls = dtls_;
  }
  GstWebRTCDTLSTransportState state{};
  g_object_get(dtls.get(), "state", &state, nullptr);
  keep_transport_states(nullptr, dtls.get());
  if (state == GST_WEBRTC_DTLS_TRANSPORT_STATE_FAILED) {
    end(EndReason::dtls_failed, "the DTLS handshake failed");
  } else if (state == GST_WEBRTC_DTLS_TRANSPORT_STATE_CLOSED) {
    end(EndReason::closed, "the camera closed its connection");
  }
}

void Session::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
  }
  // The order is that of docs/teardown.md. First the owner's callbacks: none after this line.
  if (!gate_.close()) {
    log::error("session.callback_stuck", {camera_field(), session_field()});
  }
  outbox_.clear();
  // Moved out under the lock, dropped without it: a guard waits for handlers, which take the lock.
  std::vector<gst::SignalGuard> signals;
  std::vector<gst::ProbeGuard> probes;
  gst::SampleTap tap;
  gst::Ref<GstElement> pipeline;
  gst::Ref<GstElement> bin;
  gst::Ref<GstElement> jitterbuffer;
  gst::Ref<GstPad> pad;
  gst::Ref<GObject> dtls;
  std::shared_ptr<const SessionEvents> events;
  {
    const std::lock_guard lock(mutex_);
    signals.swap(signals_);
    probes.swap(probes_);
    tap = std::move(tap_);
    pipeline.swap(pipeline_);
    bin.swap(webrtcbin_);
    jitterbuffer.swap(jitterbuffer_);
    pad.swap(video_pad_);
    dtls.swap(dtls_);
    events.swap(events_);
    waiting_candidates_.clear();
  }
  signals.clear();
  probes.clear();
  tap.close();
  jitterbuffer.reset();
  pad.reset();
  dtls.reset();
  gst::reap_webrtc(std::move(pipeline), std::move(bin));
}

std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::none:
      return "none";
    case Codec::vp8:
      return "vp8";
    case Codec::h264:
      return "h264";
  }
  return "none";
}

std::string_view to_string(EndReason reason) {
  switch (reason) {
    case EndReason::closed:
      return "closed";
    case EndReason::ice_failed:
      return "ice_failed";
    case EndReason::dtls_failed:
      return "dtls_failed";
    case EndReason::no_frames:
      return "no_frames";
    case EndReason::pipeline_error:
      return "pipeline_error";
    case EndReason::bad_sdp:
      return "bad_sdp";
    case EndReason::no_media_port:
      return "no_media_port";
  }
  return "closed";
}

Result<std::shared_ptr<PeerSession>> PeerSession::answer(const SessionOptions& options,
                                                         const std::string& offer_sdp,
                                                         SessionEvents events) {
  auto offer = read_offer(offer_sdp);
  if (!offer) return offer.error();
  auto session = std::make_shared<Session>(options, std::move(*offer), std::move(events));
  if (auto started = session->start(); !started) {
    session->close();
    return started.error();
  }
  return std::shared_ptr<PeerSession>(std::move(session));
}

}  // namespace surveillx::webrtc
