#pragma once

#include "surveillx/decode/backlog.hpp"
#include "surveillx/decode/catch_up.hpp"
#include "surveillx/decode/packet_clock.hpp"
#include "surveillx/gst/ref.hpp"
#include "surveillx/gst/signal_guard.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace surveillx::decode {

/// What all sources of this process together have skipped and refused since it started: see
/// IntakeNumbers and DecodeChain. For metrics. Thread-safe.
struct Totals {
  std::uint64_t frames_skipped = 0;
  std::uint64_t packets_refused = 0;
};
[[nodiscard]] Totals totals();

struct IntakeNumbers {
  std::uint64_t packets_received = 0;
  /// Packets that arrived and were thrown away: no room (Backlog), or one source too many.
  std::uint64_t packets_refused = 0;
  std::int64_t packets_lost = 0;
  std::uint64_t nacks_sent = 0;
};

/// The RTP side of a source, in front of its DecodeChain: dates packets as they arrive and keeps
/// within bounds what waits in the jitter buffer while the chain is slow. By itself a jitter buffer
/// takes 32,000 packets and then blocks the thread that also answers ICE and RTCP. Thread-safe.
class RtpIntake : public std::enable_shared_from_this<RtpIntake> {
 public:
  /// `payload_type`: of the video; a peer may go on sending what was declined. A frame that has
  /// waited for longer than `skip_after` to be decoded is skipped, up to the next keyframe.
  RtpIntake(int payload_type, std::chrono::milliseconds skip_after)
      : payload_type_(payload_type), catch_up_(skip_after) {}

  /// Stands at both ends of an rtpjitterbuffer, from rtpbin's `new-jitterbuffer`.
  void attach(GstElement* jitterbuffer);
  /// Who stands before the jitter buffer has thrown away a packet.
  void count_refused();
  /// The chain has skipped a frame; for `totals`, since `catch_up` counts its own.
  static void count_skipped();
  [[nodiscard]] IntakeNumbers numbers() const;
  [[nodiscard]] std::uint64_t packets_received() const {
    return packets_.load(std::memory_order_relaxed);
  }
  /// Reads the jitter buffer's own counters for `numbers`. May hang with it.
  void refresh();
  /// Lets go of the jitter buffer; waits for probes that run.
  void close();

  [[nodiscard]] PacketClock& clock() { return clock_; }
  [[nodiscard]] CatchUp& catch_up() { return catch_up_; }

 private:
  /// Packets on their way into a jitter buffer; false when there is no room for them.
  [[nodiscard]] bool admit(GstPad* pad, GstPadProbeInfo* info, Backlog& backlog);

  const int payload_type_;
  PacketClock clock_;
  CatchUp catch_up_;
  std::atomic<std::uint64_t> packets_{0};
  std::atomic<std::uint64_t> refused_{0};

  mutable std::mutex mutex_;
  bool closed_ = false;
  gst::Ref<GstElement> jitterbuffer_;  ///< The one that the video comes through.
  std::vector<gst::ProbeGuard> probes_;
  std::int64_t lost_ = 0;
  std::uint64_t nacks_ = 0;
};

}  // namespace surveillx::decode
