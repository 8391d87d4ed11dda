#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/decode/rtp_intake.hpp"
#include "surveillx/frame/picture.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/ref.hpp"
#include "surveillx/gst/signal_guard.hpp"
#include "surveillx/stream/camera_stream.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace surveillx::decode {

struct ChainOptions {
  stream::Codec codec = stream::Codec::vp8;
  frame::Size max_size{4096, 2304};
};

/// Encoded video in, a CameraStream fed: [depay] - encoded tap - decode - decoded tap, one GstBin
/// without a queue. A hop to another thread costs more than it wins, and the jitter buffer in front
/// is a queue already. Pictures point into the decoder's buffers, whose pools have no upper limit:
/// one that is kept for long costs memory and never stalls the decoder. Thread-safe.
class DecodeChain : public std::enable_shared_from_this<DecodeChain> {
 public:
  /// It cannot go on: the source ends. On the streaming thread.
  using OnFailed = std::function<void(stream::EndReason, const std::string& detail)>;

  /// Sets the stream's codec. `intake`: stands at the jitter buffer that the source's RTP packets
  /// come from, in order; null for a source of encoded frames, such as a demuxer's, of which each
  /// arrives when it gets here. `unavailable` when a plugin is missing.
  [[nodiscard]] static Result<std::shared_ptr<DecodeChain>> create(
      const ChainOptions& options, std::shared_ptr<stream::CameraStream> stream,
      std::shared_ptr<RtpIntake> intake, OnFailed on_failed);

  /// Puts the chain into the pipeline and links it behind `from`. Once.
  [[nodiscard]] Result<void> link(GstElement* pipeline, GstPad* from);
  /// As stream::CameraSource::set_decoding; does not wait.
  void set_decoding(bool wanted) { intake_->catch_up().want(wanted); }
  /// Asks whoever is in front for a keyframe (of RTP, rtpsession makes a PLI of it: RFC 4585), not
  /// more often than each 500 ms. May hang with the pipeline.
  void request_keyframe();
  /// Requests of ours and of the depayloader.
  [[nodiscard]] std::uint64_t keyframe_requests() const { return keyframe_requests_.load(); }
  /// Frames that arrived and were not decoded, because decoding was too far behind.
  [[nodiscard]] std::uint64_t frames_skipped() const { return intake_->catch_up().skipped(); }
  /// The stream is fed no more; waits for what runs. The bin goes with its pipeline.
  void close();

 private:
  DecodeChain(const ChainOptions& options, std::shared_ptr<stream::CameraStream> stream,
              std::shared_ptr<RtpIntake> intake, OnFailed on_failed);

  void connect();
  void on_caps(GstElement* valve, const GstCaps* caps);
  /// True when this encoded frame is to be decoded.
  [[nodiscard]] bool on_encoded(GstBuffer* buffer);
  void on_sample(gst::Ref<GstSample> sample);
  [[nodiscard]] bool too_large(frame::Size size) const;
  void fail_too_large(frame::Size size);

  const ChainOptions options_;
  const std::shared_ptr<stream::CameraStream> stream_;
  const std::shared_ptr<RtpIntake> intake_;
  const OnFailed on_failed_;
  std::atomic<std::uint64_t> keyframe_requests_{0};

  std::mutex mutex_;  ///< Guards what follows; never held while calling out.
  bool closed_ = false;
  gst::Ref<GstElement> bin_;
  gst::Ref<GstPad> input_;
  std::vector<gst::ProbeGuard> probes_;
  gst::SampleTap tap_;
  SteadyTime last_keyframe_request_{};

  // Streaming thread only.
  std::uint64_t skipped_before_ = 0;  ///< How many had been skipped when the last jump ended.
  gst::Ref<GstCaps> caps_;
  GstVideoInfo info_{};
};

}  // namespace surveillx::decode
