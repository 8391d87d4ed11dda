#include "media_session.hpp"

#include <deque>
#include <mutex>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {

namespace {

using Peer = std::shared_ptr<webrtc::PeerSession>;

/// What throws (no memory, no thread) fails the offer: unanswered it would stay `connecting` for
/// ever, since there is no session whose watchdog could end it.
Result<Peer> answer_or_error(const webrtc::SessionOptions& options, const std::string& sdp,
                             webrtc::SessionEvents events) {
  try {
    return webrtc::PeerSession::answer(options, sdp, std::move(events));
  } catch (const std::exception& e) {
    return Error{kInternal, e.what()};
  }
}

}  // namespace

/// Remote candidates on their way to the peer, in order, by one job at a time. Their number is bounded
/// by the state machine that lets them in (kMaxCandidates a session).
class MediaSession::Candidates : public std::enable_shared_from_this<Candidates> {
 public:
  explicit Candidates(WorkerPool& pool) : pool_(pool) {}

  void add(std::string candidate, int mline_index) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(std::move(candidate), mline_index);
    }
    schedule();
  }
  void start(Peer peer) {
    {
      const std::lock_guard lock(mutex_);
      peer_ = std::move(peer);
    }
    schedule();
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    peer_.reset();
    waiting_.clear();
  }

 private:
  void schedule() {
    {
      const std::lock_guard lock(mutex_);
      if (scheduled_ || peer_.expired() || waiting_.empty()) return;
      scheduled_ = true;
    }
    if (!pool_.post_cleanup([self = shared_from_this()] { self->give(); })) {
      const std::lock_guard lock(mutex_);
      scheduled_ = false;  // The pool has stopped, and with it every session.
    }
  }

  void give() {
    for (;;) {
      std::deque<std::pair<std::string, int>> now;
      Peer peer;
      {
        const std::lock_guard lock(mutex_);
        now.swap(waiting_);
        peer = peer_.lock();
        if (now.empty() || !peer) {
          scheduled_ = false;
          return;
        }
      }
      for (const auto& [candidate, mline] : now) peer->add_candidate(candidate, mline);
    }
  }

  WorkerPool& pool_;
  std::mutex mutex_;
  std::weak_ptr<webrtc::PeerSession> peer_;
  std::deque<std::pair<std::string, int>> waiting_;
  bool scheduled_ = false;
};

std::shared_ptr<MediaSession> MediaSession::create(net::EventLoop& loop, WorkerPool& pool,
                                                   webrtc::SessionOptions options,
                                                   std::string offer_sdp,
                                                   MediaSessionEvents events) {
  return std::shared_ptr<MediaSession>(new MediaSession(
      loop, pool, std::move(options), std::move(offer_sdp), std::move(events)));
}

MediaSession::MediaSession(net::EventLoop& loop, WorkerPool& pool, webrtc::SessionOptions options,
                           std::string offer_sdp, MediaSessionEvents events)
    : loop_(loop),
      pool_(pool),
      options_(std::move(options)),
      offer_sdp_(std::move(offer_sdp)),
      events_(std::move(events)),
      candidates_(std::make_shared<Candidates>(pool)) {}

void MediaSession::begin() {
  if (ended_ || std::exchange(begun_, true)) return;
  const bool posted =
      pool_.try_post([self = shared_from_this(), sdp = std::move(offer_sdp_),
                      events = peer_events(), options = options_, &loop = loop_]() mutable {
        auto peer = answer_or_error(options, sdp, std::move(events));
        loop.post([self, peer = std::move(peer)]() mutable { self->created(std::move(peer)); });
      });
  if (!posted) {
    loop_.post([self = shared_from_this()] {
      self->created(Error{kUnavailable, "the server is busy; try again in a few seconds"});
    });
  }
}

webrtc::SessionEvents MediaSession::peer_events() {
  // The peer's callbacks come on its own threads: they hold no more than a weak reference, and each
  // looks again on the loop whether the session still counts.
  const std::weak_ptr<MediaSession> weak = weak_from_this();
  net::EventLoop& loop = loop_;
  const auto on_loop = [weak, &loop](auto action) {
    loop.post([weak, action = std::move(action)] {
      const auto self = weak.lock();
      if (self && !self->ended_) action(*self);
    });
  };
  webrtc::SessionEvents events;
  events.on_answer = [on_loop](std::string sdp) {
    on_loop([sdp = std::move(sdp)](MediaSession& self) { self.events_.on_answer(sdp); });
  };
  events.on_candidate = [on_loop](std::string candidate, int mline) {
    on_loop([candidate = std::move(candidate), mline](MediaSession& self) {
      self.events_.on_candidate(candidate, mline);
    });
  };
  events.on_state = [on_loop](domain::CameraState state) {
    on_loop([state](MediaSession& self) { self.events_.on_state(state); });
  };
  events.on_end = [on_loop](webrtc::EndReason reason, std::string detail) {
    on_loop([reason, detail = std::move(detail)](MediaSession& self) {
      self.events_.on_end(reason, detail);
    });
  };
  // The only one that stays on its thread: a frame does not take the way over the loop.
  events.on_frame = [on_frame = events_.on_frame](const frame::Frame& frame) { on_frame(frame); };
  return events;
}

void MediaSession::created(Result<std::shared_ptr<webrtc::PeerSession>> peer) {
  if (ended_) {
    if (peer) close_on_pool(std::move(*peer));
    return;
  }
  if (!peer) {
    ended_ = true;
    events_.on_failed(peer.error());
    return;
  }
  peer_ = std::move(*peer);
  candidates_->start(peer_);
  events_.on_built();
}

void MediaSession::add_candidate(std::string candidate, int mline_index) {
  if (!ended_) candidates_->add(std::move(candidate), mline_index);
}

void MediaSession::end() {
  if (std::exchange(ended_, true)) return;
  candidates_->stop();
  if (peer_) close_on_pool(std::move(peer_));
}

std::optional<webrtc::SessionStats> MediaSession::stats() const {
  if (!peer_) return std::nullopt;
  return peer_->stats();
}

void MediaSession::close_on_pool(std::shared_ptr<webrtc::PeerSession> peer) {
  if (pool_.post_cleanup([peer] { peer->close(); })) return;
  // The pool has stopped: the process ends, and nobody waits for the loop any more.
  log::warn("media.close_on_loop", {{"session", options_.id.str()}});
  peer->close();
}

}  // namespace surveillx::mediaserver
