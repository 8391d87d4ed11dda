#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/webrtc/peer_session.hpp"

namespace surveillx::mediaserver {

/// What a media session tells its owner; all but `on_frame` on the loop, none after `end`.
struct MediaSessionEvents {
  /// The offer is acceptable and its pipeline runs; the answer follows.
  std::function<void()> on_built;
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

/// A webrtc::PeerSession as the loop sees it. Building it, giving it candidates and closing it all go
/// into GStreamer, which may take its time, so they happen on a pool; its callbacks are brought to the
/// loop. Loop thread only.
class MediaSession : public std::enable_shared_from_this<MediaSession> {
 public:
  /// Nothing happens until `begin`, but for candidates, which are kept.
  [[nodiscard]] static std::shared_ptr<MediaSession> create(net::EventLoop& loop, WorkerPool& pool,
                                                            webrtc::SessionOptions options,
                                                            std::string offer_sdp,
                                                            MediaSessionEvents events);
  /// Builds and answers. Once.
  void begin();
  void add_candidate(std::string candidate, int mline_index);
  /// No event comes after this. Repeatable.
  void end();
  [[nodiscard]] const MediaSessionId& id() const { return options_.id; }
  [[nodiscard]] bool begun() const { return begun_; }
  /// Begun, and neither built nor failed yet.
  [[nodiscard]] bool building() const { return begun_ && !peer_ && !ended_; }
  /// Nothing until it is built.
  [[nodiscard]] std::optional<webrtc::SessionStats> stats() const;

 private:
  class Candidates;

  MediaSession(net::EventLoop& loop, WorkerPool& pool, webrtc::SessionOptions options,
               std::string offer_sdp, MediaSessionEvents events);
  [[nodiscard]] webrtc::SessionEvents peer_events();
  void created(Result<std::shared_ptr<webrtc::PeerSession>> peer);
  void close_on_pool(std::shared_ptr<webrtc::PeerSession> peer);

  net::EventLoop& loop_;
  WorkerPool& pool_;
  webrtc::SessionOptions options_;
  std::string offer_sdp_;
  MediaSessionEvents events_;
  std::shared_ptr<webrtc::PeerSession> peer_;
  std::shared_ptr<Candidates> candidates_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace surveillx::mediaserver
