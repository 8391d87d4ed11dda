#include "offered_peer.hpp"

#include <deque>
#include <mutex>
#include <utility>

namespace surveillx::mediaserver {

/// Remote candidates on their way to the peer, in order, by one job at a time. Thread-safe.
class OfferedPeer::Candidates : public std::enable_shared_from_this<Candidates> {
 public:
  explicit Candidates(WorkerPool& pool) : pool_(pool) {}

  void add(std::string candidate, int mline_index) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(std::move(candidate), mline_index);
    }
    schedule();
  }
  void start(const std::shared_ptr<webrtc::PeerSession>& peer) {
    {
      const std::lock_guard lock(mutex_);
      peer_ = peer;
    }
    schedule();
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
      std::shared_ptr<webrtc::PeerSession> peer;
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

std::shared_ptr<OfferedPeer> OfferedPeer::create(net::EventLoop& loop, WorkerPool& pool,
                                                 webrtc::SessionOptions options,
                                                 std::string offer_sdp, Hooks hooks) {
  return std::shared_ptr<OfferedPeer>(new OfferedPeer(loop, pool, std::move(options),
                                                      std::move(offer_sdp), std::move(hooks)));
}

OfferedPeer::OfferedPeer(net::EventLoop& loop, WorkerPool& pool, webrtc::SessionOptions options,
                         std::string offer_sdp, Hooks hooks)
    : loop_(loop),
      options_(std::move(options)),
      offer_sdp_(std::move(offer_sdp)),
      hooks_(std::move(hooks)),
      candidates_(std::make_shared<Candidates>(pool)) {}

OpenSource OfferedPeer::opener() {
  return [self = shared_from_this()](const std::shared_ptr<stream::CameraStream>& stream) {
    return self->answer(stream);
  };
}

Result<std::shared_ptr<stream::CameraSource>> OfferedPeer::answer(
    const std::shared_ptr<stream::CameraStream>& stream) {
  const auto on_loop = [weak = weak_from_this(), &loop = loop_](auto action) {
    loop.post([weak, action = std::move(action)] {
      if (const auto self = weak.lock()) action(self->hooks_);
    });
  };
  webrtc::SessionEvents events;
  events.on_answer = [on_loop, id = stream->options().id](std::string sdp) {
    on_loop([id, sdp = std::move(sdp)](const Hooks& hooks) { hooks.on_answer(id, sdp); });
  };
  events.on_candidate = [on_loop, id = stream->options().id](std::string candidate, int mline) {
    on_loop([id, candidate = std::move(candidate), mline](const Hooks& hooks) {
      hooks.on_candidate(id, candidate, mline);
    });
  };
  auto peer = webrtc::PeerSession::answer(options_, offer_sdp_, stream, std::move(events));
  if (!peer) return peer.error();
  candidates_->start(*peer);
  return std::shared_ptr<stream::CameraSource>(std::move(*peer));
}

void OfferedPeer::add_candidate(std::string candidate, int mline_index) {
  candidates_->add(std::move(candidate), mline_index);
}

}  // namespace surveillx::mediaserver
