#include "sender.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/promise.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/gst/sdp.hpp"

namespace surveillx::camera {

Result<std::shared_ptr<Sender>> Sender::create(const Options& options, Events events) {
  auto sender = std::make_shared<Sender>(Key{}, options, std::move(events));
  if (const auto built = sender->build(); !built) return built.error();
  return sender;
}

Sender::~Sender() { close(); }

Result<void> Sender::build() {
  if (const auto ready = gst::require({"webrtcbin", "nicesrc", "dtlsenc", "srtpenc", "appsrc"});
      !ready) {
    return ready.error();
  }
  const int bitrate = options_.bitrate_kbps > 0 ? options_.bitrate_kbps : 1000;
  const auto encoder = encoder_pipeline(options_.codec, bitrate, options_.fps);
  if (!encoder) return encoder.error();
  // Pictures that the encoder has no time for are dropped before it, the oldest first.
  auto pipeline = gst::parse_pipeline(
      "webrtcbin name=webrtc bundle-policy=max-bundle"
      " appsrc name=pictures is-live=true do-timestamp=true format=time"
      " max-buffers=1 max-bytes=0 leaky-type=downstream ! " +
      *encoder + " ! webrtc.");
  if (!pipeline) return pipeline.error();
  pipeline_ = std::move(*pipeline);
  webrtcbin_ = gst::child(pipeline_.get(), "webrtc");
  appsrc_ = gst::child(pipeline_.get(), "pictures");
  encoder_ = gst::child(pipeline_.get(), "encoder");
  const auto weak = weak_from_this();
  gst::drain_bus(pipeline_.get(), [weak](const gst::BusEvent& event) {
    if (event.kind != gst::BusEvent::Kind::error) return;
    if (const auto self = weak.lock()) self->failed(event.message);
  });
  configure_ice();
  connect_signals();
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    return Error{gst::kPipelineError, "the WebRTC sender does not start"};
  }
  return {};
}

void Sender::configure_ice() {
  if (options_.ice_policy == IcePolicy::relay) {
    gst_util_set_object_arg(G_OBJECT(webrtcbin_.get()), "ice-transport-policy", "relay");
  }
  for (const ice::Server& server : options_.ice_servers) {
    const std::string url = server.element_url();
    if (server.is_turn()) {
      gboolean added = FALSE;
      g_signal_emit_by_name(webrtcbin_.get(), "add-turn-server", url.c_str(), &added);
      if (added == 0) log::warn("camera.turn_server_refused");
    } else {
      g_object_set(webrtcbin_.get(), "stun-server", url.c_str(), nullptr);
    }
  }
  gst::Ref<GObject> ice;
  g_object_get(webrtcbin_.get(), "ice-agent", ice.out(), nullptr);
  gst::Ref<GObject> agent;
  if (gst::has_property(ice.get(), "agent")) {
    g_object_get(ice.get(), "agent", agent.out(), nullptr);
  }
  // libnice would look for routers by UPnP, which nobody asked for, and which leaks in libgssdp.
  if (agent && gst::has_property(agent.get(), "upnp")) {
    g_object_set(agent.get(), "upnp", FALSE, nullptr);
  }
  if (options_.loopback_only) {
    // Otherwise libnice offers every address but 127.0.0.1.
    gboolean added = FALSE;
    g_signal_emit_by_name(ice.get(), "add-local-ip-address", "127.0.0.1", &added);
  }
  gst::Ref<GArray> transceivers;
  g_signal_emit_by_name(webrtcbin_.get(), "get-transceivers", transceivers.out());
  for (guint i = 0; transceivers && i < transceivers->len; ++i) {
    g_object_set(g_array_index(transceivers.get(), GstWebRTCRTPTransceiver*, i), "direction",
                 GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "do-nack", TRUE, nullptr);
  }
}

void Sender::connect_signals() {
  const auto weak = weak_from_this();
  signals_.push_back(gst::connect<>(webrtcbin_.get(), "on-negotiation-needed", [weak] {
    if (const auto self = weak.lock()) self->make_offer();
  }));
  signals_.push_back(gst::connect<guint, const char*>(
      webrtcbin_.get(), "on-ice-candidate", [weak](guint mline, const char* candidate) {
        const auto self = weak.lock();
        if (!self) return;
        if (const auto pass = self->gate_.enter()) {
          self->events_.on_candidate(candidate == nullptr ? "" : candidate,
                                     static_cast<int>(mline));
        }
      }));
  signals_.push_back(gst::connect<>(webrtcbin_.get(), "notify::connection-state", [weak] {
    if (const auto self = weak.lock()) self->connection_changed();
  }));
}

gst::Ref<GstElement> Sender::webrtcbin() {
  const std::lock_guard lock(mutex_);
  return webrtcbin_;
}

void Sender::push(const gst::Ref<GstSample>& picture) {
  gst::Ref<GstElement> appsrc;
  {
    const std::lock_guard lock(mutex_);
    if (!appsrc_) return;
    appsrc = appsrc_;
    if (!bitrate_chosen_) {
      bitrate_chosen_ = true;
      choose_bitrate(picture.get());
    }
  }
  GstBuffer* const shown = gst_sample_get_buffer(picture.get());
  if (shown == nullptr) return;
  // A copy of the buffer's head only, with no time of its own: appsrc stamps what arrives.
  auto buffer = gst::adopt(gst_buffer_copy(shown));
  GST_BUFFER_PTS(buffer.get()) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DTS(buffer.get()) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION(buffer.get()) = GST_CLOCK_TIME_NONE;
  const auto sample = gst::adopt(
      gst_sample_new(buffer.get(), gst_sample_get_caps(picture.get()), nullptr, nullptr));
  gst_app_src_push_sample(GST_APP_SRC(appsrc.get()), sample.get());
}

void Sender::choose_bitrate(GstSample* picture) {
  GstVideoInfo info;
  if (options_.bitrate_kbps > 0 ||
      gst_video_info_from_caps(&info, gst_sample_get_caps(picture)) == 0) {
    return;
  }
  const int kbps = default_bitrate_kbps({info.width, info.height});
  if (options_.codec == Codec::vp8) {
    g_object_set(encoder_.get(), "target-bitrate", kbps * 1000, nullptr);
  } else {
    // x264enc counts in kbit/s, openh264enc in bit/s; both have the property, as unsigned.
    const bool x264 = gst::has_property(encoder_.get(), "speed-preset");
    g_object_set(encoder_.get(), "bitrate", static_cast<guint>(x264 ? kbps : kbps * 1000), nullptr);
  }
}

void Sender::make_offer() {
  const auto bin = webrtcbin();
  {
    const std::lock_guard lock(mutex_);
    // Once a session: another negotiation would be a new session.
    if (!bin || offering_) return;
    offering_ = true;
  }
  const auto promise = gst::make_promise([weak = weak_from_this()](const GstStructure* reply) {
    const auto self = weak.lock();
    if (!self) return;
    const std::string sdp = gst::description_text(reply, "offer");
    if (sdp.empty()) {
      self->failed("no offer could be made: " + gst::promise_error(reply));
    } else {
      self->offered(sdp);
    }
  });
  g_signal_emit_by_name(bin.get(), "create-offer", nullptr, promise.get());
}

void Sender::offered(const std::string& sdp) {
  const auto bin = webrtcbin();
  const auto offer = gst::description(GST_WEBRTC_SDP_TYPE_OFFER, sdp);
  if (!bin || !offer) return;
  // Before it is set locally, which begins to gather: candidates must not come before the offer.
  if (const auto pass = gate_.enter()) events_.on_offer(sdp);
  const auto promise = gst::make_promise([](const GstStructure*) {});
  g_signal_emit_by_name(bin.get(), "set-local-description", offer->get(), promise.get());
}

void Sender::set_answer(const std::string& sdp) {
  const auto bin = webrtcbin();
  if (!bin) return;
  const auto answer = gst::description(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
  if (!answer) {
    failed("the server's answer is no SDP");
    return;
  }
  const auto promise = gst::make_promise([weak = weak_from_this()](const GstStructure* reply) {
    if (const auto self = weak.lock()) self->answered(gst::promise_error(reply));
  });
  g_signal_emit_by_name(bin.get(), "set-remote-description", answer->get(), promise.get());
}

void Sender::answered(const std::string& problem) {
  if (!problem.empty()) {
    failed("the server's answer does not fit: " + problem);
    return;
  }
  std::vector<std::pair<std::string, int>> waiting;
  {
    const std::lock_guard lock(mutex_);
    answered_ = true;
    waiting.swap(waiting_);
  }
  for (const auto& [candidate, mline] : waiting) add_candidate(candidate, mline);
}

void Sender::add_candidate(const std::string& candidate, int mline_index) {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (!answered_) {
      waiting_.emplace_back(candidate, mline_index);
      return;
    }
    bin = webrtcbin_;
  }
  // webrtcbin 1.22 reads an empty candidate as the end of the list, and warns about it.
  if (!bin || candidate.empty()) return;
  g_signal_emit_by_name(bin.get(), "add-ice-candidate", static_cast<guint>(mline_index),
                        candidate.c_str());
}

void Sender::connection_changed() {
  const auto bin = webrtcbin();
  if (!bin) return;
  GstWebRTCPeerConnectionState state{};
  g_object_get(bin.get(), "connection-state", &state, nullptr);
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED) {
    // What was encoded before the way was open is gone, the first keyframe with it.
    ask_for_keyframe();
    if (const auto pass = gate_.enter()) events_.on_live();
  } else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED ||
             state == GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED) {
    failed("the connection for video failed");
  }
}

void Sender::ask_for_keyframe() {
  const std::lock_guard lock(mutex_);
  if (!encoder_) return;
  const auto pad = gst::static_pad(encoder_.get(), "src");
  if (!pad) return;
  gst_pad_send_event(pad.get(),
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

void Sender::failed(const std::string& reason) {
  if (const auto pass = gate_.enter()) events_.on_failed(reason);
}

void Sender::close() {
  gate_.close();
  gst::Ref<GstElement> pipeline;
  gst::Ref<GstElement> bin;
  std::vector<gst::SignalGuard> signals;
  {
    const std::lock_guard lock(mutex_);
    pipeline.swap(pipeline_);
    bin.swap(webrtcbin_);
    signals.swap(signals_);
    appsrc_.reset();
    encoder_.reset();
  }
  signals.clear();
  if (pipeline) gst::reap_webrtc(std::move(pipeline), std::move(bin));
}

}  // namespace surveillx::camera
