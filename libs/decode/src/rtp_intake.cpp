#include "surveillx/decode/rtp_intake.hpp"

#include "surveillx/decode/rtp_packet.hpp"
#include "surveillx/gst/element.hpp"

#include <utility>

namespace surveillx::decode {
namespace {

std::atomic<std::uint64_t> all_frames_skipped{0};
std::atomic<std::uint64_t> all_packets_refused{0};

}  // namespace

Totals totals() {
  return {all_frames_skipped.load(std::memory_order_relaxed),
          all_packets_refused.load(std::memory_order_relaxed)};
}

void RtpIntake::count_skipped() { all_frames_skipped.fetch_add(1, std::memory_order_relaxed); }

void RtpIntake::count_refused() {
  refused_.fetch_add(1, std::memory_order_relaxed);
  all_packets_refused.fetch_add(1, std::memory_order_relaxed);
}

void RtpIntake::attach(GstElement* jitterbuffer) {
  // By default it asks again for packets that it only guesses were sent, counts them lost once
  // `latency` has passed, and drops them when they do arrive: a camera that hiccups for 100 ms
  // would lose whole keyframes. Gaps in the sequence numbers are still asked for.
  g_object_set(jitterbuffer, "rtx-next-seqnum", FALSE, nullptr);
  const auto in = gst::static_pad(jitterbuffer, "sink");
  const auto out = gst::static_pad(jitterbuffer, "src");
  if (!in || !out) return;
  const auto backlog = std::make_shared<Backlog>();
  std::vector<gst::ProbeGuard> probes;
  probes.push_back(gst::ProbeGuard::add_filter(
      in.get(), kBuffers, [weak = weak_from_this(), backlog](GstPad* at, GstPadProbeInfo* info) {
        const auto self = weak.lock();
        return !self || self->admit(at, info, *backlog);
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

bool RtpIntake::admit(GstPad* pad, GstPadProbeInfo* info, Backlog& backlog) {
  const auto now = std::chrono::steady_clock::now();
  bool room = true;
  for_each_buffer(info, [&](GstBuffer* packet) {
    if (!backlog.admit(rtp_sequence(packet), gst_buffer_get_size(packet))) {
      room = false;
      count_refused();
    }
    if (rtp_payload_type(packet) != payload_type_) return;
    if (packets_.fetch_add(1, std::memory_order_relaxed) == 0) {
      const std::lock_guard lock(mutex_);
      if (!closed_) jitterbuffer_ = gst::adopt(gst_pad_get_parent_element(pad));
    }
    clock_.packet_arrived(rtp_timestamp(packet), now);
  });
  if (!room) catch_up_.broken(now);
  return room;
}

IntakeNumbers RtpIntake::numbers() const {
  const std::lock_guard lock(mutex_);
  return {packets_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed), lost_,
          nacks_};
}

void RtpIntake::refresh() {
  gst::Ref<GstElement> jitterbuffer;
  {
    const std::lock_guard lock(mutex_);
    jitterbuffer = jitterbuffer_;
  }
  if (!jitterbuffer) return;
  gst::Ref<GstStructure> counters;
  g_object_get(jitterbuffer.get(), "stats", counters.out(), nullptr);
  guint64 lost = 0;
  guint64 requested = 0;
  if (counters) {
    gst_structure_get_uint64(counters.get(), "num-lost", &lost);
    gst_structure_get_uint64(counters.get(), "rtx-count", &requested);
  }
  const std::lock_guard lock(mutex_);
  lost_ = static_cast<std::int64_t>(lost);
  nacks_ = requested;
}

void RtpIntake::close() {
  // Moved out under the lock, dropped without it: a guard waits for handlers, which take the lock.
  std::vector<gst::ProbeGuard> probes;
  gst::Ref<GstElement> jitterbuffer;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    probes.swap(probes_);
    jitterbuffer.swap(jitterbuffer_);
  }
  probes.clear();
}

}  // namespace surveillx::decode
