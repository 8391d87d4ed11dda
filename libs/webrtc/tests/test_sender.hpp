#pragma once

#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/promise.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/gst/sdp.hpp"
#include "surveillx/gst/signal_guard.hpp"
#include "surveillx/stream/camera_stream.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace surveillx::webrtc::test {

struct SenderOptions {
  stream::Codec codec = stream::Codec::vp8;
  bool trickle = true;
  bool audio = false;
  bool audio_first = false;
  bool data_channel = false;
  int width = 320;
  int height = 240;
  /// The test pushes encoded VP8 frames itself, instead of the moving test picture.
  bool from_test = false;
  std::string bundle_policy = "max-bundle";
};

/// A webrtcbin that sends a moving test picture over loopback, as a camera would. Offers by itself;
/// the test carries the texts.
class TestSender : public std::enable_shared_from_this<TestSender> {
 public:
  [[nodiscard]] static std::shared_ptr<TestSender> create(const SenderOptions& options) {
    auto sender = std::make_shared<TestSender>();
    sender->options_ = options;
    auto pipeline = gst::parse_pipeline(sender->description());
    if (!pipeline) throw Failure(pipeline.error());
    sender->pipeline_ = std::move(*pipeline);
    sender->start();
    return sender;
  }
  ~TestSender() { die(); }

  /// Where candidates of this side go; those gathered before are replayed.
  void set_candidate_handler(std::function<void(const std::string&, int)> handler) {
    std::vector<std::pair<std::string, int>> held;
    {
      const std::lock_guard lock(mutex_);
      on_candidate_ = handler;
      held.swap(candidates_);
    }
    for (const auto& [candidate, mline] : held) handler(candidate, mline);
  }

  /// Waits for the offer; empty on time-out.
  [[nodiscard]] std::string wait_offer() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !offer_.empty(); });
    return offer_;
  }

  void set_answer(const std::string& sdp) {
    auto answer = gst::description(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
    if (!answer) throw Failure(answer.error());
    const auto promise =
        gst::make_promise([weak = weak_from_this()](const GstStructure* /*reply*/) {
          if (const auto self = weak.lock()) self->answered();
        });
    const auto bin = webrtcbin();
    if (bin) {
      g_signal_emit_by_name(bin.get(), "set-remote-description", answer->get(), promise.get());
    }
  }

  void add_candidate(const std::string& candidate, int mline) {
    if (candidate.empty()) return;
    gst::Ref<GstElement> bin;
    {
      const std::lock_guard lock(mutex_);
      if (!answered_) {
        remote_candidates_.emplace_back(candidate, mline);
        return;
      }
      bin = webrtcbin_;
    }
    if (bin) {
      g_signal_emit_by_name(bin.get(), "add-ice-candidate", static_cast<guint>(mline),
                            candidate.c_str());
    }
  }

  /// Stops or goes on sending pictures; the connection stays up.
  void mute(bool on) {
    if (const auto valve = gst::child(pipeline_.get(), "valve")) {
      g_object_set(valve.get(), "drop", on ? TRUE : FALSE, nullptr);
    }
  }

  /// With `from_test`: sends one encoded frame now.
  void push(const std::vector<std::uint8_t>& frame) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, frame.size(), nullptr);
    gst_buffer_fill(buffer, 0, frame.data(), frame.size());
    gst_app_src_push_buffer(GST_APP_SRC(gst::child(pipeline_.get(), "in").get()), buffer);
  }

  /// From now on each packet is followed by `copies` that claim to be of sources of their own.
  void flood_sources(int copies) {
    const auto srtp = gst::child_of_kind(webrtcbin().get(), "srtpenc");
    const auto pad = gst::static_pad(srtp.get(), "rtp_sink_0");
    auto probe = gst::ProbeGuard::add(
        pad.get(),
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
        [copies, next = 1U, inside = false](GstPad* at, GstPadProbeInfo* info) mutable {
          if (inside) return;
          inside = true;
          GstBuffer* packet = (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0
                                  ? gst_buffer_list_get(gst_pad_probe_info_get_buffer_list(info), 0)
                                  : gst_pad_probe_info_get_buffer(info);
          for (int i = 0; i < copies; ++i, ++next) {
            GstBuffer* copy = gst_buffer_copy_deep(packet);
            const std::uint8_t source[4] = {0xab, 0xcd, static_cast<std::uint8_t>(next >> 8),
                                            static_cast<std::uint8_t>(next)};
            gst_buffer_fill(copy, 8, source, sizeof source);
            gst_pad_chain(at, copy);
          }
          inside = false;
        });
    const std::lock_guard lock(mutex_);
    probes_.push_back(std::move(probe));
  }

  /// How often this camera was asked for a keyframe.
  [[nodiscard]] int keyframe_requests() const { return keyframe_requests_.load(); }

  [[nodiscard]] bool connected() {
    const auto bin = webrtcbin();
    GstWebRTCPeerConnectionState state{};
    if (bin) g_object_get(bin.get(), "connection-state", &state, nullptr);
    return state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED;
  }

  /// Gone in the middle of whatever it was doing.
  void die() {
    gst::Ref<GstElement> pipeline;
    gst::Ref<GstElement> bin;
    std::vector<gst::SignalGuard> signals;
    std::vector<gst::ProbeGuard> probes;
    {
      const std::lock_guard lock(mutex_);
      pipeline.swap(pipeline_);
      bin.swap(webrtcbin_);
      signals.swap(signals_);
      probes.swap(probes_);
      on_candidate_ = nullptr;
    }
    signals.clear();
    probes.clear();
    if (pipeline) gst::reap_webrtc(std::move(pipeline), std::move(bin));
  }

 private:
  [[nodiscard]] std::string description() const {
    const std::string size =
        "width=" + std::to_string(options_.width) + ",height=" + std::to_string(options_.height);
    const std::string pushed =
        "appsrc name=in is-live=true do-timestamp=true format=time max-bytes=0"
        " caps=\"video/x-vp8," +
        size + ",framerate=30/1\" ! rtpvp8pay name=pay picture-id-mode=15-bit mtu=1200 !"
               " application/x-rtp,media=video,encoding-name=VP8,payload=96 ! webrtc. ";
    const std::string drawn =
        "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,framerate=30/1," + size +
        " ! valve name=valve ! " +
        (options_.codec == stream::Codec::h264
             ? "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=500 !"
               " video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1"
               " aggregate-mode=zero-latency !"
               " application/x-rtp,media=video,encoding-name=H264,payload=97 ! webrtc. "
             : "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30 target-bitrate=500000 !"
               " rtpvp8pay picture-id-mode=15-bit !"
               " application/x-rtp,media=video,encoding-name=VP8,payload=96 ! webrtc. ");
    const std::string audio =
        "audiotestsrc is-live=true wave=silence ! audioconvert ! opusenc ! rtpopuspay !"
        " application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! webrtc. ";
    const std::string video = options_.from_test ? pushed : drawn;
    std::string text = "webrtcbin name=webrtc bundle-policy=" + options_.bundle_policy + " ";
    if (options_.audio && options_.audio_first) text += audio;
    text += video;
    if (options_.audio && !options_.audio_first) text += audio;
    return text;
  }

  void start() {
    webrtcbin_ = gst::child(pipeline_.get(), "webrtc");
    gst::drain_bus(pipeline_.get(), {});
    gst::Ref<GObject> ice;
    g_object_get(webrtcbin_.get(), "ice-agent", ice.out(), nullptr);
    gboolean added = FALSE;
    g_signal_emit_by_name(ice.get(), "add-local-ip-address", "127.0.0.1", &added);
    gst::Ref<GObject> agent;
    g_object_get(ice.get(), "agent", agent.out(), nullptr);
    g_object_set(agent.get(), "upnp", FALSE, nullptr);
    const auto weak = weak_from_this();
    gst::Ref<GArray> transceivers;
    g_signal_emit_by_name(webrtcbin_.get(), "get-transceivers", transceivers.out());
    for (guint i = 0; i < transceivers->len; ++i) {
      g_object_set(g_array_index(transceivers.get(), GstWebRTCRTPTransceiver*, i), "do-nack", TRUE,
                   nullptr);
    }
    signals_.push_back(gst::connect<>(webrtcbin_.get(), "on-negotiation-needed", [weak] {
      if (const auto self = weak.lock()) self->make_offer();
    }));
    signals_.push_back(gst::connect<guint, const char*>(
        webrtcbin_.get(), "on-ice-candidate", [weak](guint mline, const char* candidate) {
          if (const auto self = weak.lock()) self->candidate(candidate, static_cast<int>(mline));
        }));
    signals_.push_back(gst::connect<>(webrtcbin_.get(), "notify::ice-gathering-state", [weak] {
      if (const auto self = weak.lock()) self->gathering();
    }));
    if (const auto pay = gst::child(pipeline_.get(), "pay")) {
      probes_.push_back(gst::ProbeGuard::add(
          gst::static_pad(pay.get(), "src").get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
          [weak](GstPad* /*pad*/, GstPadProbeInfo* info) {
            const auto self = weak.lock();
            GstEvent* event = gst_pad_probe_info_get_event(info);
            if (self && gst_video_event_is_force_key_unit(event) != FALSE) {
              self->keyframe_requests_.fetch_add(1);
            }
          }));
    }
    gst_element_set_state(pipeline_.get(), GST_STATE_READY);
    if (options_.data_channel) {
      GObject* channel = nullptr;
      g_signal_emit_by_name(webrtcbin_.get(), "create-data-channel", "c", nullptr, &channel);
      channel_ = gst::adopt(channel);
    }
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }

  [[nodiscard]] gst::Ref<GstElement> webrtcbin() {
    const std::lock_guard lock(mutex_);
    return webrtcbin_;
  }

  void make_offer() {
    const auto bin = webrtcbin();
    // A refused section makes webrtcbin wish for another negotiation: a camera has one.
    if (!bin || offering_.exchange(true)) return;
    const auto promise = gst::make_promise([weak = weak_from_this()](const GstStructure* reply) {
      if (const auto self = weak.lock()) self->offered(gst::description_text(reply, "offer"));
    });
    g_signal_emit_by_name(bin.get(), "create-offer", nullptr, promise.get());
  }

  void offered(const std::string& sdp) {
    const auto bin = webrtcbin();
    auto offer = gst::description(GST_WEBRTC_SDP_TYPE_OFFER, sdp);
    if (!bin || !offer) return;
    const auto promise = gst::make_promise([](const GstStructure*) {});
    g_signal_emit_by_name(bin.get(), "set-local-description", offer->get(), promise.get());
    if (options_.trickle) publish(sdp);
  }

  void gathering() {
    const auto bin = webrtcbin();
    if (!bin || options_.trickle) return;
    GstWebRTCICEGatheringState state{};
    g_object_get(bin.get(), "ice-gathering-state", &state, nullptr);
    if (state != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) return;
    auto text = gst::description_property(bin.get(), "local-description");
    for (;;) {
      const auto at = text.find("a=ice-options:trickle\r\n");
      if (at == std::string::npos) break;
      text.erase(at, std::string("a=ice-options:trickle\r\n").size());
    }
    publish(text);
  }

  void publish(const std::string& text) {
    const std::lock_guard lock(mutex_);
    offer_ = text;
    changed_.notify_all();
  }

  void candidate(const std::string& text, int mline) {
    std::function<void(const std::string&, int)> handler;
    {
      const std::lock_guard lock(mutex_);
      if (!options_.trickle) return;
      if (!on_candidate_) {
        candidates_.emplace_back(text, mline);
        return;
      }
      handler = on_candidate_;
    }
    handler(text, mline);
  }

  void answered() {
    std::vector<std::pair<std::string, int>> held;
    {
      const std::lock_guard lock(mutex_);
      answered_ = true;
      held.swap(remote_candidates_);
    }
    for (const auto& [text, mline] : held) add_candidate(text, mline);
  }

  SenderOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  gst::Ref<GstElement> pipeline_;
  gst::Ref<GstElement> webrtcbin_;
  gst::Ref<GObject> channel_;
  std::vector<gst::SignalGuard> signals_;
  std::vector<gst::ProbeGuard> probes_;
  std::atomic<int> keyframe_requests_{0};
  std::atomic<bool> offering_{false};
  std::function<void(const std::string&, int)> on_candidate_;
  std::vector<std::pair<std::string, int>> candidates_;
  std::vector<std::pair<std::string, int>> remote_candidates_;
  std::string offer_;
  bool answered_ = false;
};

/// A session's options and those of the stream that it feeds.
struct CallOptions {
  SessionOptions peer;
  stream::StreamOptions stream;
};

/// A stream that is looked at.
struct Watched {
  std::shared_ptr<stream::CameraStream> stream;
  stream::CameraStream::Tap tap;
};

/// Everything a session and its stream told, for a test to wait on.
class Recorder {
 public:
  [[nodiscard]] static SessionEvents events(const std::shared_ptr<Recorder>& self) {
    SessionEvents events;
    events.on_answer = [self](const std::string& sdp) {
      const std::lock_guard lock(self->mutex_);
      self->answer_ = sdp;
      self->changed_.notify_all();
    };
    events.on_candidate = [self](const std::string& candidate, int mline) {
      std::function<void(const std::string&, int)> forward;
      {
        const std::lock_guard lock(self->mutex_);
        if (self->answer_.empty()) self->candidate_before_answer_ = true;
        self->candidates_.push_back(candidate);
        forward = self->forward_;
        self->changed_.notify_all();
      }
      if (forward) forward(candidate, mline);
    };
    return events;
  }

  [[nodiscard]] static Watched watch(const std::shared_ptr<Recorder>& self,
                                     const stream::StreamOptions& options = {}) {
    stream::StreamEvents events;
    events.on_state = [self](domain::CameraState state) {
      const std::lock_guard lock(self->mutex_);
      self->states_.push_back(state);
      self->changed_.notify_all();
    };
    events.on_end = [self](stream::EndReason reason, const std::string& detail) {
      const std::lock_guard lock(self->mutex_);
      self->ends_.emplace_back(reason, detail);
      self->changed_.notify_all();
    };
    Watched watched;
    watched.stream = stream::CameraStream::create(options, std::move(events));
    watched.tap = watched.stream->tap_decoded([self](const frame::Frame& frame) {
      if (self->look_) self->look_(frame);
      const std::lock_guard lock(self->mutex_);
      self->frame_ = frame;
      ++self->frames_;
      self->changed_.notify_all();
    });
    return watched;
  }

  void forward_candidates(std::function<void(const std::string&, int)> forward) {
    const std::lock_guard lock(mutex_);
    forward_ = std::move(forward);
  }

  /// Waits until `condition(*this)` holds; it runs with the recorder locked.
  template <class F>
  [[nodiscard]] bool wait(F condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return condition(*this); });
  }
  [[nodiscard]] bool wait_frames(int count) {
    return wait([count](const Recorder& r) { return r.frames_ >= count; });
  }
  /// Waits until `count` more frames than now have come.
  [[nodiscard]] bool wait_more_frames(int count) {
    int base = 0;
    (void)wait([&](const Recorder& r) {
      base = r.frames_;
      return true;
    });
    return wait_frames(base + count);
  }
  [[nodiscard]] std::string wait_answer() {
    std::string answer;
    (void)wait([&](const Recorder& r) {
      answer = r.answer_;
      return !answer.empty();
    });
    return answer;
  }

  /// Set before the session is made: sees each frame first, on the streaming thread.
  std::function<void(const frame::Frame&)> look_;
  std::string answer_;
  std::vector<std::string> candidates_;
  std::vector<domain::CameraState> states_;
  std::vector<std::pair<stream::EndReason, std::string>> ends_;
  frame::Frame frame_;
  int frames_ = 0;
  bool candidate_before_answer_ = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void(const std::string&, int)> forward_;
};

/// A sender and a session that have exchanged offer and answer.
struct Call {
  std::shared_ptr<TestSender> sender;
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  Watched watched;
  std::shared_ptr<PeerSession> session;
  std::string offer;
  std::function<std::string(std::string)> edit_offer;  ///< What reaches the session of it.

  ~Call() {
    if (session) session->close();
    recorder->forward_candidates(nullptr);
    if (sender) sender->die();
  }

  /// Everything up to the answer's arrival at the sender.
  [[nodiscard]] Result<void> connect(const SenderOptions& sender_options,
                                     const CallOptions& options) {
    sender = TestSender::create(sender_options);
    offer = sender->wait_offer();
    if (offer.empty()) return Error{kTimeout, "the sender made no offer"};
    recorder->forward_candidates([s = sender](const std::string& candidate, int mline) {
      s->add_candidate(candidate, mline);
    });
    if (edit_offer) offer = edit_offer(offer);
    watched = Recorder::watch(recorder, options.stream);
    auto answered = PeerSession::answer(options.peer, offer, watched.stream,
                                        Recorder::events(recorder));
    if (!answered) return answered.error();
    session = *answered;
    sender->set_candidate_handler([s = session](const std::string& candidate, int mline) {
      s->add_candidate(candidate, mline);
    });
    const auto answer = recorder->wait_answer();
    if (answer.empty()) return Error{kTimeout, "the session made no answer"};
    sender->set_answer(answer);
    return {};
  }
};

}  // namespace surveillx::webrtc::test
