#include "surveillx/base/log.hpp"

#include "peer_certificate.hpp"
#include "session.hpp"

#include <gst/rtp/gstrtpbuffer.h>

#include <array>

namespace surveillx::webrtc {
namespace {

std::atomic<std::uint64_t> all_frames_skipped{0};
std::atomic<std::uint64_t> all_packets_refused{0};

/// Bytes 4-7 of an RTP packet (RFC 3550 section 5.1), read without mapping the whole packet.
std::uint32_t rtp_timestamp(GstBuffer* packet) {
  std::uint8_t bytes[4] = {};
  if (gst_buffer_extract(packet, 4, bytes, sizeof bytes) != sizeof bytes) return 0;
  return GST_READ_UINT32_BE(bytes);
}

std::uint16_t rtp_sequence(GstBuffer* packet) {
  std::uint8_t bytes[2] = {};
  return gst_buffer_extract(packet, 2, bytes, sizeof bytes) == sizeof bytes
             ? GST_READ_UINT16_BE(bytes)
             : 0;
}

/// The SSRC, bytes 8-11.
std::uint32_t rtp_source(GstBuffer* packet) {
  std::uint8_t bytes[4] = {};
  return gst_buffer_extract(packet, 8, bytes, sizeof bytes) == sizeof bytes
             ? GST_READ_UINT32_BE(bytes)
             : 0;
}

/// The lower seven bits of byte 1.
int payload_type(GstBuffer* packet) {
  std::uint8_t byte = 0;
  return gst_buffer_extract(packet, 1, &byte, 1) == 1 ? byte & 0x7f : -1;
}

template <class F>
void for_each_buffer(GstPadProbeInfo* info, F&& f) {
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
    GstBufferList* list = gst_pad_probe_info_get_buffer_list(info);
    for (guint i = 0; i < gst_buffer_list_length(list); ++i) f(gst_buffer_list_get(list, i));
  } else if (GstBuffer* buffer = gst_pad_probe_info_get_buffer(info)) {
    f(buffer);
  }
}

constexpr auto kBuffers =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);

/// The decoders' texts. No queue between depayloader and appsink: a hop to another thread costs
/// more than it wins, and the jitter buffer in front is a queue already: packets wait there, on
/// the receiving thread's side, while this chain is busy. `valve` shuts on pictures that are too
/// large before a decoder allocates them. The depayloader asks for a keyframe after a loss, and the
/// decoder goes on with what it has: its `automatic-request-sync-points` would throw away every
/// picture until that keyframe comes.
std::string chain_text(Codec codec) {
  const std::string sink =
      " ! video/x-raw,format=I420 ! appsink name=tap sync=false async=false max-buffers=1 drop=true"
      " enable-last-sample=false qos=false wait-on-eos=false";
  if (codec == Codec::vp8) {
    return "rtpvp8depay name=depay request-keyframe=true wait-for-keyframe=false"
           " ! valve name=valve ! vp8dec name=decoder qos=false" +
           sink;
  }
  const std::string depay =
      "rtph264depay name=depay request-keyframe=true wait-for-keyframe=false"
      " ! h264parse ! valve name=valve ! ";
  // Threads of avdec_h264 would decode several frames at once, each a frame late. Full-range or
  // 4:4:4 pictures are converted; for I420 videoconvert passes buffers through untouched.
  if (gst::has_factory("avdec_h264")) {
    return depay + "avdec_h264 name=decoder max-threads=1 qos=false ! videoconvert" + sink;
  }
  return depay + "openh264dec name=decoder qos=false ! videoconvert" + sink;
}

/// Keeps the sample and its mapping as long as a Picture uses the planes. The decoders' pools have
/// no upper limit, so a picture that is kept for long costs memory but never stalls the decoder.
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

}  // namespace

void Session::packet_refused() {
  packets_refused_.fetch_add(1, std::memory_order_relaxed);
  all_packets_refused.fetch_add(1, std::memory_order_relaxed);
}

Totals totals() {
  return {all_frames_skipped.load(std::memory_order_relaxed),
          all_packets_refused.load(std::memory_order_relaxed)};
}

void Session::on_rtpbin_pad(GstPad* pad) {
  const gchar* name = GST_PAD_NAME(pad);
  if (!g_str_has_prefix(name, "recv_rtp_sink_")) return;
  // `max-streams` bounds the jitter buffers; the RTP session in front of it remembers every source.
  auto probe = gst::ProbeGuard::add_filter(
      pad, GST_PAD_PROBE_TYPE_BUFFER, [weak = weak_from_this()](GstPad*, GstPadProbeInfo* info) {
        const auto self = weak.lock();
        if (!self) return true;
        if (self->sources_.admit(rtp_source(gst_pad_probe_info_get_buffer(info)))) return true;
        self->packet_refused();
        return false;
      });
  const std::lock_guard lock(mutex_);
  if (!closed_) probes_.push_back(std::move(probe));
}

void Session::on_jitterbuffer(GstElement* jitterbuffer) {
  // By default it asks again for packets that it only guesses were sent, counts them lost once
  // `latency` has passed, and drops them when they do arrive: a camera that hiccups for 100 ms
  // would lose whole keyframes. Gaps in the sequence numbers are still asked for.
  g_object_set(jitterbuffer, "rtx-next-seqnum", FALSE, nullptr);
  const auto in = gst::static_pad(jitterbuffer, "sink");
  const auto out = gst::static_pad(jitterbuffer, "src");
  if (!in || !out) return;
  const auto weak = weak_from_this();
  const auto backlog = std::make_shared<Backlog>();
  std::vector<gst::ProbeGuard> probes;
  probes.push_back(gst::ProbeGuard::add_filter(
      in.get(), kBuffers, [weak, backlog](GstPad* at, GstPadProbeInfo* info) {
        const auto self = weak.lock();
        return !self || self->on_packets(at, info, *backlog);
      }));
  probes.push_back(
      gst::ProbeGuard::add(out.get(), kBuffers, [backlog](GstPad*, GstPadProbeInfo* info) {
        for_each_buffer(info, [&](GstBuffer* packet) {
          backlog->release(rtp_sequence(packet), gst_buffer_get_size(packet));
        });
      }));
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  for (auto& probe : probes) probes_.push_back(std::move(probe));
}

bool Session::on_packets(GstPad* pad, GstPadProbeInfo* info, Backlog& backlog) {
  const auto now = std::chrono::steady_clock::now();
  bool room = true;
  for_each_buffer(info, [&](GstBuffer* packet) {
    if (!backlog.admit(rtp_sequence(packet), gst_buffer_get_size(packet))) {
      room = false;
      packet_refused();
    }
    // A peer may go on sending audio that was declined.
    if (payload_type(packet) != offer_.payload_type) return;
    if (packets_.fetch_add(1, std::memory_order_relaxed) == 0) {
      const std::lock_guard lock(mutex_);
      if (!closed_) jitterbuffer_ = gst::adopt(gst_pad_get_parent_element(pad));
    }
    clock_.packet_arrived(rtp_timestamp(packet), now);
  });
  if (!room) catch_up_.broken(now);
  return room;
}

void Session::on_pad(GstPad* pad) {
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  const auto caps = gst::adopt(gst_pad_get_current_caps(pad));
  const GstStructure* structure =
      caps && gst_caps_get_size(caps.get()) > 0 ? gst_caps_get_structure(caps.get(), 0) : nullptr;
  const char* media = structure != nullptr ? gst_structure_get_string(structure, "media") : nullptr;
  const char* encoding =
      structure != nullptr ? gst_structure_get_string(structure, "encoding-name") : nullptr;
  Codec codec = Codec::none;
  if (media != nullptr && std::string_view(media) == "video" && encoding != nullptr) {
    if (std::string_view(encoding) == "VP8") codec = Codec::vp8;
    if (std::string_view(encoding) == "H264") codec = Codec::h264;
  }
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (video_pad_) codec = Codec::none;  // One video: a second one is thrown away.
    if (codec != Codec::none) video_pad_ = gst::share(pad);
  }
  if (codec == Codec::none) {
    discard(pad);
    return;
  }
  // webrtcbin 1.22 compares nothing. Here it is in time: nothing has been decoded yet.
  if (!has_named_certificate()) {
    end(EndReason::dtls_failed,
        "the certificate of the camera's connection is not the one that its offer names");
    discard(pad);
    return;
  }
  if (auto built = build_chain(pad, codec); !built) {
    end(EndReason::pipeline_error, built.error().message);
    discard(pad);
  }
}

bool Session::has_named_certificate() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    bin = webrtcbin_;
  }
  const auto decoder = bin ? gst::child_of_kind(bin.get(), "dtlsdec") : nullptr;
  gchar* pem = nullptr;
  if (decoder) g_object_get(decoder.get(), "peer-pem", &pem, nullptr);
  return is_named_certificate(gst::take_string(pem), offer_.fingerprints);
}

void Session::discard(GstPad* pad) {
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

Result<void> Session::build_chain(GstPad* pad, Codec codec) {
  gst::Ref<GstElement> pipeline;
  {
    const std::lock_guard lock(mutex_);
    pipeline = pipeline_;
  }
  if (!pipeline) return {};
  auto parsed = gst::parse_bin(chain_text(codec));
  if (!parsed) return parsed.error();
  GstElement* chain = parsed->get();
  const auto weak = weak_from_this();

  const auto depay = gst::child(chain, "depay");
  std::vector<gst::ProbeGuard> probes;
  probes.push_back(gst::ProbeGuard::add(gst::static_pad(depay.get(), "sink").get(), kBuffers,
                                        [weak](GstPad* /*pad*/, GstPadProbeInfo* info) {
                                          const auto self = weak.lock();
                                          if (!self) return;
                                          for_each_buffer(info, [&](GstBuffer* packet) {
                                            self->clock_.packet_released(GST_BUFFER_PTS(packet),
                                                                         rtp_timestamp(packet));
                                          });
                                        }));
  probes.push_back(gst::ProbeGuard::add(
      gst::static_pad(depay.get(), "sink").get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
      [weak](GstPad* /*pad*/, GstPadProbeInfo* info) {
        const auto self = weak.lock();
        if (self &&
            gst_video_event_is_force_key_unit(gst_pad_probe_info_get_event(info)) != FALSE) {
          self->keyframe_requests_.fetch_add(1, std::memory_order_relaxed);
        }
      }));
  // The valve itself is not captured: its pad would keep the closure and the closure the valve.
  const auto valve = gst::child(chain, "valve");
  probes.push_back(gst::ProbeGuard::add(
      gst::static_pad(valve.get(), "sink").get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [weak](GstPad* at, GstPadProbeInfo* info) {
        const auto self = weak.lock();
        GstEvent* event = gst_pad_probe_info_get_event(info);
        if (!self || GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return;
        GstCaps* caps = nullptr;
        gst_event_parse_caps(event, &caps);
        const auto element = gst::adopt(gst_pad_get_parent_element(at));
        if (element) self->on_decoder_caps(element.get(), caps);
      }));
  probes.push_back(gst::ProbeGuard::add_filter(
      gst::static_pad(valve.get(), "sink").get(), GST_PAD_PROBE_TYPE_BUFFER,
      [weak](GstPad* /*pad*/, GstPadProbeInfo* info) {
        const auto self = weak.lock();
        return !self || self->on_encoded_frame(gst_pad_probe_info_get_buffer(info));
      }));
  auto tap =
      gst::SampleTap::attach(gst::child(chain, "tap").get(), [weak](gst::Ref<GstSample> sample) {
        if (const auto self = weak.lock()) {
          self->on_sample(std::move(sample));
        }
      });
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return {};
    for (auto& probe : probes) probes_.push_back(std::move(probe));
    tap_ = std::move(tap);
  }
  gst_bin_add(GST_BIN(pipeline.get()), chain);
  const auto sink_pad = gst::static_pad(chain, "sink");
  if (!sink_pad || gst_pad_link(pad, sink_pad.get()) != GST_PAD_LINK_OK ||
      gst_element_sync_state_with_parent(chain) == FALSE) {
    return Error{gst::kPipelineError, "the decoder could not be linked"};
  }
  return {};
}

void Session::on_decoder_caps(GstElement* valve, const GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  int width = 0;
  int height = 0;
  gst_structure_get_int(structure, "width", &width);
  gst_structure_get_int(structure, "height", &height);
  if (width <= options_.max_size.width && height <= options_.max_size.height) return;
  g_object_set(valve, "drop", TRUE, nullptr);
  end(EndReason::pipeline_error,
      "picture_too_large: " + std::to_string(width) + "x" + std::to_string(height));
}

bool Session::on_encoded_frame(GstBuffer* frame) {
  const auto now = std::chrono::steady_clock::now();
  const auto arrived = clock_.frame_arrival(GST_BUFFER_PTS(frame)).value_or(now);
  const bool keyframe = GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT) == FALSE;
  switch (catch_up_.frame(now, arrived, keyframe)) {
    case CatchUp::Verdict::decode:
      return true;
    case CatchUp::Verdict::jumped: {
      const auto skipped = catch_up_.skipped();
      log::warn("session.jumped",
                {camera_field(),
                 session_field(),
                 {"skipped_frames", skipped - std::exchange(skipped_before_, skipped)}});
      return true;
    }
    case CatchUp::Verdict::skip:
      all_frames_skipped.fetch_add(1, std::memory_order_relaxed);
      request_keyframe();
      return false;
  }
  return true;
}

void Session::on_sample(gst::Ref<GstSample> sample) {
  GstCaps* caps = gst_sample_get_caps(sample.get());
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  if (caps == nullptr || buffer == nullptr) return;
  if (caps != caps_.get()) {
    if (gst_video_info_from_caps(&info_, caps) == FALSE) return;
    caps_ = gst::share(caps);
  }
  const frame::Size size{GST_VIDEO_INFO_WIDTH(&info_), GST_VIDEO_INFO_HEIGHT(&info_)};
  if (size.width > options_.max_size.width || size.height > options_.max_size.height) {
    end(EndReason::pipeline_error,
        "picture_too_large: " + std::to_string(size.width) + "x" + std::to_string(size.height));
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto arrival = clock_.frame_arrival(GST_BUFFER_PTS(buffer)).value_or(now);
  auto owner = std::make_shared<MappedFrame>(std::move(sample), info_);
  if (!owner->mapped) return;

  frame::Frame out;
  const std::array planes{owner->plane(0), owner->plane(1), owner->plane(2)};
  out.picture = frame::Picture::wrap(size, planes, std::move(owner));
  out.received_at = arrival;
  out.timestamp = std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now() -
      std::chrono::duration_cast<std::chrono::system_clock::duration>(now - arrival));
  out.seq = frame_decoded(now, size);
  if (out.seq == 0) return;
  emit([&](const SessionEvents& events) {
    if (events.on_frame) events.on_frame(std::move(out));
  });
}

void Session::request_keyframe() {
  constexpr auto kInterval = std::chrono::milliseconds(500);
  gst::Ref<GstPad> pad;
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (closed_ || !video_pad_ || now - last_keyframe_request_ < kInterval) return;
    last_keyframe_request_ = now;
    pad = video_pad_;
  }
  keyframe_requests_.fetch_add(1, std::memory_order_relaxed);
  // rtpsession turns the upstream event into an RTCP PLI (RFC 4585).
  gst_pad_send_event(pad.get(),
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

}  // namespace surveillx::webrtc
