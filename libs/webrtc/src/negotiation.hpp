#pragma once

#include "surveillx/gst/ref.hpp"
#include "surveillx/gst/signal_guard.hpp"
#include "surveillx/stream/end_reason.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "sdp_edit.hpp"
#include "session_name.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace surveillx::webrtc {

/// What a negotiation tells; on webrtcbin's threads.
struct NegotiationEvents {
  std::function<void(std::string sdp)> on_answer;  ///< Once.
  /// Of an offer with trickle; an empty one ends the list. May come before the answer.
  std::function<void(std::string candidate)> on_candidate;
  /// The local description is set: webrtcbin has made its transports.
  std::function<void()> on_described;
  std::function<void(stream::EndReason, std::string detail)> on_failed;
};

/// From an offer to an answer with webrtcbin, and the candidates of both sides (RFC 8829, RFC 8838).
/// Thread-safe.
class Negotiation : public std::enable_shared_from_this<Negotiation> {
 public:
  Negotiation(gst::Ref<GstElement> webrtcbin, Offer offer, const IceOptions& ice, SessionName name,
              NegotiationEvents events);

  /// Watches webrtcbin. Before its pipeline runs.
  void connect();
  /// Hands it the offer; all else follows.
  void begin(GstWebRTCSessionDescription* offer);
  /// A remote candidate; queued until the remote description is set.
  void add_candidate(const std::string& candidate, int mline_index);
  /// The answer is made: webrtcbin answers for statistics.
  [[nodiscard]] bool described() const;
  /// No signal of webrtcbin is listened to any more; waits for those that run.
  void close();

 private:
  /// Null once it is closed.
  [[nodiscard]] gst::Ref<GstElement> webrtcbin() const;
  void prefer_transport_cc(GstWebRTCRTPTransceiver* transceiver);
  void on_remote_description(const std::string& error);
  void on_answer_created(const std::string& sdp, const std::string& error);
  void on_local_description(const std::string& answer, const std::string& error);
  /// Answers once it is sure that ICE has a port to listen on; fails when it has none.
  void check_ports(const std::string& answer);
  void on_ports_known(const std::string& answer);
  void on_gathering_state();
  void send_answer(const std::string& sdp);
  void send_gathered_answer();
  void on_local_candidate(const std::string& candidate);
  void give_candidate(const std::string& candidate);

  const Offer offer_;
  const std::uint16_t min_port_;
  const std::uint16_t max_port_;
  const SessionName name_;
  const NegotiationEvents events_;
  std::atomic<int> candidates_found_{0};

  mutable std::mutex mutex_;  ///< Guards what follows; never held while calling out.
  gst::Ref<GstElement> webrtcbin_;
  std::vector<gst::SignalGuard> signals_;
  bool answered_ = false;
  bool gathered_ = false;
  bool remote_set_ = false;
  bool local_set_ = false;
  std::vector<std::string> waiting_candidates_;
  int candidates_given_ = 0;
};

/// Raises SO_RCVBUF of our own UDP socket bound to this port: a keyframe arrives as a burst of
/// hundreds of packets that the default buffer of 208 KiB may not hold.
void raise_receive_buffer(int port);

}  // namespace surveillx::webrtc
