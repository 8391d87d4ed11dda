#pragma once

#include "surveillx/base/log.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/gate.hpp"
#include "surveillx/gst/ref.hpp"
#include "surveillx/gst/signal_guard.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "catch_up.hpp"
#include "outbox.hpp"
#include "packet_clock.hpp"
#include "sdp_edit.hpp"
#include "source_limit.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace surveillx::webrtc {

/// PeerSession over one GstPipeline with one webrtcbin. Three files: session.cpp builds, negotiates
/// and closes; session_media.cpp turns packets into frames; session_watch.cpp keeps the states, the
/// time limits and the statistics. Every closure that GStreamer keeps holds a weak_ptr to this.
class Session final : public PeerSession, public std::enable_shared_from_this<Session> {
 public:
  Session(SessionOptions options, Offer offer, SessionEvents events);
  ~Session() override;

  /// Builds the pipeline and hands the offer to webrtcbin. Once, right after construction.
  [[nodiscard]] Result<void> start();

  void add_candidate(const std::string& candidate, int mline_index) override;
  void request_keyframe() override;
  [[nodiscard]] SessionStats stats() const override;
  [[nodiscard]] domain::CameraState state() const override;
  void close() override;

 private:
  // session.cpp
  [[nodiscard]] Result<void> configure_ice();
  void connect_signals();
  void prefer_transport_cc(GstWebRTCRTPTransceiver* transceiver);
  void on_remote_description(const std::string& error);
  void on_answer_created(const std::string& sdp, const std::string& error);
  void on_local_description(const std::string& answer, const std::string& error);
  /// Answers once it is sure that ICE has a port to listen on; ends the session when it has none.
  void check_ports(const std::string& answer);
  void on_ports_known(const std::string& answer);
  void on_gathering_state();
  void send_answer(const std::string& sdp);
  void send_gathered_answer();
  void on_local_candidate(const std::string& candidate);
  void give_candidate(const std::string& candidate);
  void on_ice_state();
  /// Calls a member after the delay, on a thread that may call into GStreamer.
  void later(std::chrono::milliseconds delay, void (Session::*call)());
  void watch_dtls();
  /// Throws away what a peer sends beside RTP and RTCP.
  void drop_data();
  void on_dtls_state();

  // session_media.cpp
  void on_rtpbin_pad(GstPad* pad);
  void packet_refused();
  void on_jitterbuffer(GstElement* jitterbuffer);
  /// Packets on their way into a jitter buffer; false when there is no room for them.
  [[nodiscard]] bool on_packets(GstPad* pad, GstPadProbeInfo* info, Backlog& backlog);
  void on_pad(GstPad* pad);
  [[nodiscard]] Result<void> build_chain(GstPad* pad, Codec codec);
  [[nodiscard]] bool has_named_certificate();
  void discard(GstPad* pad);
  void on_decoder_caps(GstElement* valve, const GstCaps* caps);
  /// True when this encoded frame is to be decoded.
  [[nodiscard]] bool on_encoded_frame(GstBuffer* frame);
  void on_sample(gst::Ref<GstSample> sample);

  // session_watch.cpp
  void watch();
  /// With mutex_ held; the caller flushes outbox_ after letting go of it.
  void set_state_locked(domain::CameraState state);
  /// Counts the frame and returns its number; 0 when the session is over.
  [[nodiscard]] std::uint64_t frame_decoded(SteadyTime now, frame::Size size);
  /// Reads what `stats` tells from GStreamer, so that `stats` itself never waits for it.
  void refresh_stats();
  /// Notes the states of the transports that are not null.
  void keep_transport_states(GstElement* webrtcbin, GObject* dtls);
  void refresh_soon(bool ask_keyframe);
  void end(EndReason reason, const std::string& detail);
  void end_if_still_failed();

  [[nodiscard]] log::Field camera_field() const { return {"camera", options_.camera.str()}; }
  [[nodiscard]] log::Field session_field() const { return {"session", options_.id.str()}; }

  /// Calls one of the owner's callbacks unless the session is closed; `close` waits for it.
  template <class F>
  void emit(F call) {
    if (const auto pass = gate_.enter()) {
      std::shared_ptr<const SessionEvents> events;
      {
        const std::lock_guard lock(mutex_);
        events = events_;
      }
      if (events) call(*events);
    }
  }
  /// `emit` in the order of posting.
  template <class F>
  void post(F call) {
    outbox_.post([weak = weak_from_this(), call = std::move(call)]() mutable {
      if (const auto self = weak.lock()) self->emit(std::move(call));
    });
  }

  const SessionOptions options_;
  const Offer offer_;
  gst::Gate gate_;
  Outbox outbox_;
  PacketClock clock_;
  CatchUp catch_up_{options_.skip_after};
  SourceLimit sources_;
  std::atomic<std::uint64_t> packets_{0};
  std::atomic<std::uint64_t> packets_refused_{0};
  std::atomic<std::uint64_t> keyframe_requests_{0};
  std::atomic<int> candidates_found_{0};

  mutable std::mutex mutex_;  ///< Guards what follows; never held while calling out.
  std::shared_ptr<const SessionEvents> events_;
  gst::Ref<GstElement> pipeline_;
  gst::Ref<GstElement> webrtcbin_;
  gst::Ref<GstElement> jitterbuffer_;
  gst::Ref<GstPad> video_pad_;
  gst::Ref<GObject> dtls_;
  std::vector<gst::SignalGuard> signals_;
  std::vector<gst::ProbeGuard> probes_;
  gst::SampleTap tap_;
  bool closed_ = false;
  bool ended_ = false;
  bool answered_ = false;
  bool gathered_ = false;
  bool remote_set_ = false;
  bool local_set_ = false;
  std::vector<std::string> waiting_candidates_;
  int candidates_given_ = 0;
  domain::CameraState state_ = domain::CameraState::connecting;
  SteadyTime started_{};
  SteadyTime last_frame_{};
  SteadyTime last_keyframe_request_{};
  std::uint64_t packets_at_last_watch_ = 0;
  std::uint64_t frames_ = 0;
  frame::Size size_;
  std::deque<SteadyTime> recent_frames_;
  std::string ice_state_ = "new";
  std::string dtls_state_ = "new";
  std::int64_t packets_lost_ = 0;
  std::uint64_t nacks_sent_ = 0;
  std::string local_candidate_;
  std::string remote_candidate_;

  /// Streaming thread only: how many frames had been skipped when the last jump ended.
  std::uint64_t skipped_before_ = 0;
  /// Streaming thread only: the video info of the caps seen last.
  gst::Ref<GstCaps> caps_;
  GstVideoInfo info_{};
};

/// Raises SO_RCVBUF of our own UDP socket bound to this port: a keyframe arrives as a burst of
/// hundreds of packets that the default buffer of 208 KiB may not hold.
void raise_receive_buffer(int port);

}  // namespace surveillx::webrtc
