#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/webrtc/peer_session.hpp"

namespace surveillx::mediaserver {

/// What a media session tells its owner; all but `on_frame` on the loop, none after `end`.
struct MediaSessionEvents {
  std::function<void(std::string sdp)> on_answer;
  std::function<void(std::string candidate, int mline_index)> on_candidate;
  /// The offer could not be answered; the session is over.
  std::function<void(Error)> on_failed;
  std::function<void(domain::CameraState)> on_state;
  /// The session ended by itself.
  std::function<void(webrtc::EndReason, std::string detail)> on_end;
  /// On the streaming thread.
  std::function<void(const frame::Frame&)> on_frame;
};

/// A webrtc::PeerSession as the loop sees it: created and closed on a pool, since both may take
/// milliseconds, with candidates kept until it exists and its callbacks brought to the loop.
/// Loop thread only.
class MediaSession : public std::enable_shared_from_this<MediaSession> {
 public:
  [[nodiscard]] static std::shared_ptr<MediaSession> start(net::EventLoop& loop, WorkerPool& pool,
                                                           webrtc::SessionOptions options,
                                                           std::string offer_sdp,
                                                           MediaSessionEvents events);
  void add_candidate(std::string candidate, int mline_index);
  /// No event comes after this. Repeatable.
  void end();
  [[nodiscard]] const MediaSessionId& id() const { return options_.id; }
  /// Nothing while the session is being created.
  [[nodiscard]] std::optional<webrtc::SessionStats> stats() const;

 private:
  MediaSession(net::EventLoop& loop, WorkerPool& pool, webrtc::SessionOptions options,
               MediaSessionEvents events);
  [[nodiscard]] webrtc::SessionEvents peer_events();
  void created(Result<std::shared_ptr<webrtc::PeerSession>> peer);
  void close_on_pool(std::shared_ptr<webrtc::PeerSession> peer);

  net::EventLoop& loop_;
  WorkerPool& pool_;
  webrtc::SessionOptions options_;
  MediaSessionEvents events_;
  std::shared_ptr<webrtc::PeerSession> peer_;
  std::vector<std::pair<std::string, int>> waiting_candidates_;
  bool ended_ = false;
};

}  // namespace surveillx::mediaserver
