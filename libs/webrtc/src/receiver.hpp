#pragma once

#include "surveillx/decode/decode_chain.hpp"
#include "surveillx/decode/rtp_intake.hpp"
#include "surveillx/gst/ref.hpp"
#include "surveillx/gst/signal_guard.hpp"
#include "surveillx/stream/camera_stream.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "sdp_edit.hpp"
#include "source_limit.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace surveillx::webrtc {

/// What comes out of a webrtcbin, into a stream: bounds on its RTP sources and jitter buffers, and the
/// decoding chain behind the one video that is taken. Thread-safe.
class Receiver : public std::enable_shared_from_this<Receiver> {
 public:
  using OnFailed = std::function<void(stream::EndReason, std::string detail)>;
  /// Asked when the first packet has been decrypted, before any is decoded: whether they come from
  /// whom the offer names.
  using IsNamed = std::function<bool()>;

  Receiver(gst::Ref<GstElement> pipeline, const Offer& offer, const SessionOptions& options,
           std::shared_ptr<stream::CameraStream> stream, IsNamed is_named, OnFailed on_failed);

  /// Watches webrtcbin. Before its pipeline runs.
  void connect(GstElement* webrtcbin);
  void set_decoding(bool wanted);
  /// May hang with the pipeline.
  void request_keyframe();
  [[nodiscard]] std::uint64_t packets_received() const { return intake_->packets_received(); }
  /// As RtpIntake::refresh.
  void refresh() { intake_->refresh(); }
  void tell(SessionStats& stats) const;
  /// Nothing is fed to the stream any more; waits for what runs.
  void close();

 private:
  void on_rtpbin_pad(GstPad* pad);
  void on_pad(GstPad* pad);
  void build_chain(GstPad* pad, stream::Codec codec);
  void discard(GstPad* pad);
  [[nodiscard]] std::shared_ptr<decode::DecodeChain> chain() const;

  const frame::Size max_size_;
  const std::shared_ptr<stream::CameraStream> stream_;
  const IsNamed is_named_;
  const OnFailed on_failed_;
  const std::shared_ptr<decode::RtpIntake> intake_;
  SourceLimit sources_;

  mutable std::mutex mutex_;  ///< Guards what follows; never held while calling out.
  gst::Ref<GstElement> pipeline_;  ///< Null once it is closed.
  std::vector<gst::SignalGuard> signals_;
  std::vector<gst::ProbeGuard> probes_;
  bool has_video_ = false;
  std::shared_ptr<decode::DecodeChain> chain_;
};

}  // namespace surveillx::webrtc
