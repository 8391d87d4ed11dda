#include "receiver.hpp"

#include "surveillx/decode/rtp_packet.hpp"
#include "surveillx/gst/element.hpp"

#include <string_view>
#include <utility>

namespace surveillx::webrtc {
namespace {

using stream::Codec;
using stream::EndReason;

/// The codec of a pad's caps; none when it is no video that we know.
Codec codec_of(GstPad* pad) {
  const auto caps = gst::adopt(gst_pad_get_current_caps(pad));
  const GstStructure* structure =
      caps && gst_caps_get_size(caps.get()) > 0 ? gst_caps_get_structure(caps.get(), 0) : nullptr;
  if (structure == nullptr) return Codec::none;
  const char* media = gst_structure_get_string(structure, "media");
  const char* encoding = gst_structure_get_string(structure, "encoding-name");
  if (media == nullptr || encoding == nullptr || std::string_view(media) != "video") {
    return Codec::none;
  }
  for (const Codec codec : {Codec::vp8, Codec::h264}) {
    if (stream::encoding_name(codec) == encoding) return codec;
  }
  return Codec::none;
}

}  // namespace

Receiver::Receiver(gst::Ref<GstElement> pipeline, const Offer& offer, const SessionOptions& options,
                   std::shared_ptr<stream::CameraStream> stream, IsNamed is_named,
                   OnFailed on_failed)
    : max_size_(options.max_size),
      stream_(std::move(stream)),
      is_named_(std::move(is_named)),
      on_failed_(std::move(on_failed)),
      intake_(std::make_shared<decode::RtpIntake>(offer.payload_type, options.skip_after)),
      pipeline_(std::move(pipeline)) {}

void Receiver::connect(GstElement* webrtcbin) {
  const auto weak = weak_from_this();
  std::vector<gst::SignalGuard> signals;
  signals.push_back(gst::connect<GstPad*>(webrtcbin, "pad-added", [weak](GstPad* pad) {
    if (const auto self = weak.lock()) self->on_pad(pad);
  }));
  if (const auto rtpbin = gst::child(webrtcbin, "rtpbin")) {
    // Not `drop-on-latency`: it throws away packets that did arrive whenever decoding takes longer
    // than `latency` once, as a first large frame does, and the picture is garbage until the next
    // keyframe. RtpIntake keeps what waits within bounds.
    g_object_set(rtpbin.get(), "max-streams", static_cast<guint>(SourceLimit::kLimit), nullptr);
    signals.push_back(gst::connect<GstPad*>(rtpbin.get(), "pad-added", [weak](GstPad* pad) {
      if (const auto self = weak.lock()) self->on_rtpbin_pad(pad);
    }));
    signals.push_back(gst::connect<GstElement*>(rtpbin.get(), "new-jitterbuffer",
                                                [weak](GstElement* jitterbuffer) {
                                                  if (const auto self = weak.lock())
                                                    self->intake_->attach(jitterbuffer);
                                                }));
  }
  const std::lock_guard lock(mutex_);
  signals_ = std::move(signals);
}

void Receiver::on_rtpbin_pad(GstPad* pad) {
  if (!g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtp_sink_")) return;
  // `max-streams` bounds the jitter buffers; the RTP session in front of it remembers every source.
  auto probe = gst::ProbeGuard::add_filter(
      pad, GST_PAD_PROBE_TYPE_BUFFER, [weak = weak_from_this()](GstPad*, GstPadProbeInfo* info) {
        const auto self = weak.lock();
        if (!self) return true;
        if (self->sources_.admit(decode::rtp_source(gst_pad_probe_info_get_buffer(info))))
          return true;
        self->intake_->count_refused();
        return false;
      });
  const std::lock_guard lock(mutex_);
  if (pipeline_) probes_.push_back(std::move(probe));
}

void Receiver::on_pad(GstPad* pad) {
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  Codec codec = codec_of(pad);
  {
    const std::lock_guard lock(mutex_);
    if (!pipeline_) return;
    if (has_video_) codec = Codec::none;  // One video: a second one is thrown away.
    has_video_ = has_video_ || codec != Codec::none;
  }
  if (codec == Codec::none) {
    discard(pad);
    return;
  }
  // webrtcbin 1.22 compares nothing. Here it is in time: nothing has been decoded yet.
  if (!is_named_()) {
    on_failed_(EndReason::dtls_failed,
               "the certificate of the camera's connection is not the one that its offer names");
    discard(pad);
    return;
  }
  build_chain(pad, codec);
}

void Receiver::build_chain(GstPad* pad, Codec codec) {
  const auto fail = [&](const Error& error) {
    on_failed_(EndReason::pipeline_error, error.message);
    discard(pad);
  };
  auto chain = decode::DecodeChain::create(
      {codec, max_size_}, stream_, intake_,
      [weak = weak_from_this()](EndReason reason, const std::string& detail) {
        if (const auto self = weak.lock()) self->on_failed_(reason, detail);
      });
  if (!chain) return fail(chain.error());
  gst::Ref<GstElement> pipeline;
  {
    const std::lock_guard lock(mutex_);
    if (!pipeline_) return;
    pipeline = pipeline_;
    chain_ = *chain;
  }
  if (auto linked = (*chain)->link(pipeline.get(), pad); !linked) fail(linked.error());
}

void Receiver::discard(GstPad* pad) {
  gst::Ref<GstElement> pipeline;
  {
    const std::lock_guard lock(mutex_);
    pipeline = pipeline_;
  }
  auto sink = gst::make("fakesink");
  if (!pipeline || !sink) return;
  g_object_set(sink->get(), "sync", FALSE, "async", FALSE, nullptr);
  gst_bin_add(GST_BIN(pipeline.get()), sink->get());
  // A pad that leads nowhere would answer "not linked", which travels up and ends the transport.
  gst_pad_link(pad, gst::static_pad(sink->get(), "sink").get());
  gst_element_sync_state_with_parent(sink->get());
}

std::shared_ptr<decode::DecodeChain> Receiver::chain() const {
  const std::lock_guard lock(mutex_);
  return chain_;
}

void Receiver::set_decoding(bool wanted) {
  intake_->catch_up().want(wanted);  // There before the chain, and its.
}

void Receiver::request_keyframe() {
  if (const auto there = chain()) there->request_keyframe();
}

void Receiver::tell(SessionStats& stats) const {
  const auto numbers = intake_->numbers();
  stats.packets_received = numbers.packets_received;
  stats.packets_refused = numbers.packets_refused;
  stats.packets_lost = numbers.packets_lost;
  stats.nacks_sent = numbers.nacks_sent;
  stats.frames_skipped = intake_->catch_up().skipped();
  if (const auto there = chain()) stats.keyframe_requests = there->keyframe_requests();
}

void Receiver::close() {
  // Moved out under the lock, dropped without it: a guard waits for handlers, which take the lock.
  std::vector<gst::SignalGuard> signals;
  std::vector<gst::ProbeGuard> probes;
  gst::Ref<GstElement> pipeline;
  std::shared_ptr<decode::DecodeChain> chain;
  {
    const std::lock_guard lock(mutex_);
    signals.swap(signals_);
    probes.swap(probes_);
    pipeline.swap(pipeline_);
    chain = chain_;
  }
  signals.clear();
  probes.clear();
  intake_->close();
  if (chain) chain->close();
}

}  // namespace surveillx::webrtc
