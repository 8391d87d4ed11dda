#pragma once

#include "surveillx/base/gate.hpp"
#include "surveillx/base/ordered_calls.hpp"
#include "surveillx/gst/ref.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "negotiation.hpp"
#include "receiver.hpp"
#include "sdp_edit.hpp"
#include "session_name.hpp"
#include "transport.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace surveillx::webrtc {

/// PeerSession over one GstPipeline with one webrtcbin. What it does is done by its parts, each with a
/// lock and closures of its own: Negotiation (offer, answer, candidates), Transport (ICE and DTLS),
/// Receiver (packets to the stream). Here they are put together, and taken down: docs/teardown.md.
class Session final : public PeerSession, public std::enable_shared_from_this<Session> {
 public:
  Session(const SessionOptions& options, Offer offer, std::shared_ptr<stream::CameraStream> stream,
          SessionEvents events);
  ~Session() override;

  /// Builds the pipeline and hands the offer to webrtcbin. Once, right after construction.
  [[nodiscard]] Result<void> start();

  void add_candidate(const std::string& candidate, int mline_index) override;
  [[nodiscard]] SessionStats stats() const override;

  void set_decoding(bool wanted) override;
  void request_keyframe() override;
  void give_up(stream::EndReason reason, const std::string& detail) override;
  void tend(std::chrono::milliseconds quiet) override;
  void close() override;

 private:
  void make_parts();
  void answered(const std::string& sdp);
  void candidate_found(const std::string& candidate);
  /// Calls one of the owner's callbacks unless the session is closed; `close` waits for it.
  template <class F>
  void emit(F call) {
    if (const auto pass = gate_.enter()) call(events_);
  }

  const SessionOptions options_;
  const Offer offer_;
  const SessionName name_;
  const SessionEvents events_;
  const std::shared_ptr<stream::CameraStream> stream_;
  Gate gate_;
  OrderedCalls calls_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> ended_{false};
  std::uint64_t packets_when_tended_ = 0;  ///< Timer's thread only.

  // Set by `start`, before the stream, and through it any other thread, knows of the session.
  std::shared_ptr<Negotiation> negotiation_;
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<Receiver> receiver_;
  gst::Ref<GstElement> pipeline_;
  gst::Ref<GstElement> webrtcbin_;
};

}  // namespace surveillx::webrtc
