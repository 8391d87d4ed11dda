#include "surveillx/decode/decode_chain.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/decode/rtp_packet.hpp"

#include <array>
#include <utility>

namespace surveillx::decode {
namespace {

using stream::Codec;
using stream::EndReason;

/// `valve` shuts on pictures that are too large before a decoder allocates them. The depayloader
/// asks for a keyframe after a loss, and the decoder goes on with what it has: its
/// `automatic-request-sync-points` would throw away every picture until that keyframe comes.
std::string chain_text(Codec codec, bool of_packets) {
  const std::string sink =
      " ! video/x-raw,format=I420 ! appsink name=tap sync=false async=false max-buffers=1 drop=true"
      " enable-last-sample=false qos=false wait-on-eos=false";
  const std::string wanted = " request-keyframe=true wait-for-keyframe=false ! ";
  if (codec == Codec::vp8) {
    const std::string depay = "rtpvp8depay name=depay" + wanted;
    return (of_packets ? depay : "") + "valve name=valve ! vp8dec name=decoder qos=false" + sink;
  }
  // Asked for Annex B, rtph264depay 1.22 splits a keyframe between its slices, and the second half
  // has no time: it makes AVC, and h264parse Annex B of it. Parameter sets go before each keyframe,
  // so that who begins there, we after a pause or a viewer, needs nothing that came before.
  const std::string depay =
      "rtph264depay name=depay" + wanted + "video/x-h264,stream-format=avc,alignment=au ! ";
  const std::string parse =
      "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au !"
      " valve name=valve ! ";
  // Threads of avdec_h264 would decode several frames at once, each a frame late. Full-range or
  // 4:4:4 pictures are converted; for I420 videoconvert passes buffers through untouched.
  const std::string decoder = gst::has_factory("avdec_h264")
                                  ? "avdec_h264 name=decoder max-threads=1 qos=false ! videoconvert"
                                  : "openh264dec name=decoder qos=false ! videoconvert";
  return (of_packets ? depay : "") + parse + decoder + sink;
}

/// Keeps the sample and its mapping as long as a Picture uses the planes.
struct MappedFrame {
  gst::Ref<GstSample> sample;
  GstVideoFrame video{};
  bool mapped = false;

  MappedFrame(gst::Ref<GstSample> from, const GstVideoInfo& info) : sample(std::move(from)) {
    GstVideoInfo copy = info;
    mapped = gst_video_frame_map(&video, &copy, gst_sample_get_buffer(sample.get()),
                                 GST_MAP_READ) != FALSE;
  }
  MappedFrame(const MappedFrame&) = delete;
  MappedFrame& operator=(const MappedFrame&) = delete;
  ~MappedFrame() {
    if (mapped) gst_video_frame_unmap(&video);
  }

  [[nodiscard]] frame::Picture::Plane plane(guint index) const {
    return {static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&video, index)),
            GST_VIDEO_FRAME_PLANE_STRIDE(&video, index)};
  }
};

/// The same for an encoded frame's bytes.
struct MappedBytes {
  gst::Ref<GstBuffer> buffer;
  GstMapInfo map{};
  bool mapped = false;

  explicit MappedBytes(GstBuffer* from) : buffer(gst::share(from)) {
    mapped = gst_buffer_map(buffer.get(), &map, GST_MAP_READ) != FALSE;
  }
  MappedBytes(const MappedBytes&) = delete;
  MappedBytes& operator=(const MappedBytes&) = delete;
  ~MappedBytes() {
    if (mapped) gst_buffer_unmap(buffer.get(), &map);
  }
};

}  // namespace

DecodeChain::DecodeChain(const ChainOptions& options, std::shared_ptr<stream::CameraStream> stream,
                         std::shared_ptr<RtpIntake> intake, OnFailed on_failed)
    : options_(options),
      stream_(std::move(stream)),
      intake_(std::move(intake)),
      on_failed_(std::move(on_failed)) {}

Result<std::shared_ptr<DecodeChain>> DecodeChain::create(
    const ChainOptions& options, std::shared_ptr<stream::CameraStream> stream,
    std::shared_ptr<RtpIntake> intake, OnFailed on_failed) {
  auto bin = gst::parse_bin(chain_text(options.codec, intake != nullptr));
  if (!bin) return bin.error();
  stream->set_codec(options.codec);
  // Without packets nothing waits in front, so that nothing is ever too late.
  if (!intake) intake = std::make_shared<RtpIntake>(-1, std::chrono::hours(1));
  std::shared_ptr<DecodeChain> chain(
      new DecodeChain(options, std::move(stream), std::move(intake), std::move(on_failed)));
  chain->bin_ = std::move(*bin);
  chain->connect();
  return chain;
}

void DecodeChain::connect() {
  const auto weak = weak_from_this();
  std::vector<gst::ProbeGuard> probes;
  if (const auto depay = gst::child(bin_.get(), "depay")) {
    const auto in = gst::static_pad(depay.get(), "sink");
    probes.push_back(
        gst::ProbeGuard::add(in.get(), kBuffers, [weak](GstPad*, GstPadProbeInfo* info) {
          const auto self = weak.lock();
          if (!self) return;
          for_each_buffer(info, [&](GstBuffer* packet) {
            self->intake_->clock().packet_released(GST_BUFFER_PTS(packet), rtp_timestamp(packet));
          });
        }));
    probes.push_back(gst::ProbeGuard::add(
        in.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, [weak](GstPad*, GstPadProbeInfo* info) {
          const auto self = weak.lock();
          if (self &&
              gst_video_event_is_force_key_unit(gst_pad_probe_info_get_event(info)) != FALSE) {
            self->keyframe_requests_.fetch_add(1, std::memory_order_relaxed);
          }
        }));
  }
  // The valve itself is not captured: its pad would keep the closure and the closure the valve.
  const auto valve = gst::child(bin_.get(), "valve");
  const auto encoded = gst::static_pad(valve.get(), "sink");
  probes.push_back(gst::ProbeGuard::add(encoded.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                                        [weak](GstPad* at, GstPadProbeInfo* info) {
                                          const auto self = weak.lock();
                                          GstEvent* event = gst_pad_probe_info_get_event(info);
                                          if (!self || GST_EVENT_TYPE(event) != GST_EVENT_CAPS)
                                            return;
                                          GstCaps* caps = nullptr;
                                          gst_event_parse_caps(event, &caps);
                                          const auto element =
                                              gst::adopt(gst_pad_get_parent_element(at));
                                          if (element) self->on_caps(element.get(), caps);
                                        }));
  probes.push_back(gst::ProbeGuard::add_filter(
      encoded.get(), GST_PAD_PROBE_TYPE_BUFFER, [weak](GstPad*, GstPadProbeInfo* info) {
        const auto self = weak.lock();
        return !self || self->on_encoded(gst_pad_probe_info_get_buffer(info));
      }));
  auto tap = gst::SampleTap::attach(gst::child(bin_.get(), "tap").get(),
                                    [weak](gst::Ref<GstSample> sample) {
                                      if (const auto self = weak.lock()) {
                                        self->on_sample(std::move(sample));
                                      }
                                    });
  const std::lock_guard lock(mutex_);
  probes_ = std::move(probes);
  tap_ = std::move(tap);
}

Result<void> DecodeChain::link(GstElement* pipeline, GstPad* from) {
  gst::Ref<GstElement> bin;
  gst::Ref<GstPad> input;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return {};
    bin = std::move(bin_);
    input = input_ = gst::static_pad(bin.get(), "sink");
  }
  gst_bin_add(GST_BIN(pipeline), bin.get());
  if (!input || gst_pad_link(from, input.get()) != GST_PAD_LINK_OK ||
      gst_element_sync_state_with_parent(bin.get()) == FALSE) {
    return Error{gst::kPipelineError, "the decoder could not be linked"};
  }
  return {};
}

void DecodeChain::request_keyframe() {
  constexpr auto kInterval = std::chrono::milliseconds(500);
  gst::Ref<GstPad> pad;
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (closed_ || !input_ || now - last_keyframe_request_ < kInterval) return;
    last_keyframe_request_ = now;
    pad = input_;
  }
  keyframe_requests_.fetch_add(1, std::memory_order_relaxed);
  gst_pad_push_event(pad.get(),
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

void DecodeChain::close() {
  // Moved out under the lock, dropped without it: a guard waits for handlers, which take the lock.
  std::vector<gst::ProbeGuard> probes;
  gst::SampleTap tap;
  gst::Ref<GstPad> input;
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    probes.swap(probes_);
    tap = std::move(tap_);
    input.swap(input_);
    bin.swap(bin_);
  }
  probes.clear();
  tap.close();
}

bool DecodeChain::too_large(frame::Size size) const {
  return size.width > options_.max_size.width || size.height > options_.max_size.height;
}

void DecodeChain::fail_too_large(frame::Size size) {
  on_failed_(EndReason::pipeline_error, "picture_too_large: " + std::to_string(size.width) + "x" +
                                            std::to_string(size.height));
}

void DecodeChain::on_caps(GstElement* valve, const GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  frame::Size size;
  gst_structure_get_int(structure, "width", &size.width);
  gst_structure_get_int(structure, "height", &size.height);
  if (!too_large(size)) return;
  g_object_set(valve, "drop", TRUE, nullptr);
  fail_too_large(size);
}

bool DecodeChain::on_encoded(GstBuffer* buffer) {
  const auto now = std::chrono::steady_clock::now();
  stream::EncodedFrame frame;
  frame.codec = options_.codec;
  frame.keyframe = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT) == FALSE;
  frame.received_at = intake_->clock().frame_arrival(GST_BUFFER_PTS(buffer)).value_or(now);
  if (stream_->wants_encoded()) {
    if (const auto bytes = std::make_shared<MappedBytes>(buffer); bytes->mapped) {
      frame.bytes = {bytes->map.data, bytes->map.size};
      frame.owner = bytes;
      if (GST_BUFFER_PTS_IS_VALID(buffer)) {
        frame.pts = std::chrono::nanoseconds(GST_BUFFER_PTS(buffer));
      }
    }
  }
  stream_->encoded_arrived(frame);
  switch (intake_->catch_up().frame(now, frame.received_at, frame.keyframe)) {
    case CatchUp::Verdict::decode:
      return true;
    case CatchUp::Verdict::jumped: {
      const auto skipped = intake_->catch_up().skipped();
      log::warn("session.jumped",
                {{"camera", stream_->options().camera.str()},
                 {"session", stream_->options().id.str()},
                 {"skipped_frames", skipped - std::exchange(skipped_before_, skipped)}});
      return true;
    }
    case CatchUp::Verdict::skip:
      RtpIntake::count_skipped();
      request_keyframe();
      return false;
    case CatchUp::Verdict::await:
      request_keyframe();
      return false;
    case CatchUp::Verdict::unwanted:
      return false;
  }
  return true;
}

void DecodeChain::on_sample(gst::Ref<GstSample> sample) {
  GstCaps* caps = gst_sample_get_caps(sample.get());
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  if (caps == nullptr || buffer == nullptr) return;
  if (caps != caps_.get()) {
    if (gst_video_info_from_caps(&info_, caps) == FALSE) return;
    caps_ = gst::share(caps);
  }
  const frame::Size size{GST_VIDEO_INFO_WIDTH(&info_), GST_VIDEO_INFO_HEIGHT(&info_)};
  if (too_large(size)) {
    fail_too_large(size);
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto arrival = intake_->clock().frame_arrival(GST_BUFFER_PTS(buffer)).value_or(now);
  auto owner = std::make_shared<MappedFrame>(std::move(sample), info_);
  if (!owner->mapped) return;

  frame::Frame out;
  const std::array planes{owner->plane(0), owner->plane(1), owner->plane(2)};
  out.picture = frame::Picture::wrap(size, planes, std::move(owner));
  out.received_at = arrival;
  out.timestamp = std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now() -
      std::chrono::duration_cast<std::chrono::system_clock::duration>(now - arrival));
  (void)stream_->decoded(std::move(out));
}

}  // namespace surveillx::decode
