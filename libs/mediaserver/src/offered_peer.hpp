#pragma once

#include <functional>
#include <memory>
#include <string>

#include "camera_session.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/webrtc/peer_session.hpp"

namespace surveillx::mediaserver {

/// The source that a camera offers by WebRTC, as the loop sees it: opened with the offer, then given
/// the camera's candidates in order, on the pool, since they go into GStreamer. Loop thread only.
class OfferedPeer : public std::enable_shared_from_this<OfferedPeer> {
 public:
  /// On the loop; which of the camera's sessions it is told of is said, since it may be over by then.
  struct Hooks {
    std::function<void(const MediaSessionId&, std::string sdp)> on_answer;
    std::function<void(const MediaSessionId&, std::string candidate, int mline_index)> on_candidate;
  };
  [[nodiscard]] static std::shared_ptr<OfferedPeer> create(net::EventLoop& loop, WorkerPool& pool,
                                                           webrtc::SessionOptions options,
                                                           std::string offer_sdp, Hooks hooks);
  /// Once; keeps this alive until it is called or dropped.
  [[nodiscard]] OpenSource opener();
  /// Those that come before the peer is there wait for it. Their number is bounded by who lets them in
  /// (kMaxCandidates of a signalling session).
  void add_candidate(std::string candidate, int mline_index);

 private:
  class Candidates;

  OfferedPeer(net::EventLoop& loop, WorkerPool& pool, webrtc::SessionOptions options,
              std::string offer_sdp, Hooks hooks);
  /// On the pool.
  [[nodiscard]] Result<std::shared_ptr<stream::CameraSource>> answer(
      const std::shared_ptr<stream::CameraStream>& stream);

  net::EventLoop& loop_;
  const webrtc::SessionOptions options_;
  const std::string offer_sdp_;
  const Hooks hooks_;
  const std::shared_ptr<Candidates> candidates_;
};

}  // namespace surveillx::mediaserver
