#include "camera_session.hpp"

#include <exception>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {
namespace {

/// What throws (no memory, no thread) fails the session: unanswered it would stay `connecting` for
/// ever, since there is no source whose watchdog could end it.
Result<std::shared_ptr<stream::CameraSource>> opened_or_error(
    const OpenSource& open, const std::shared_ptr<stream::CameraStream>& stream) {
  try {
    return open(stream);
  } catch (const std::exception& e) {
    return Error{kInternal, e.what()};
  }
}

}  // namespace

std::shared_ptr<CameraSession> CameraSession::create(net::EventLoop& loop, WorkerPool& pool,
                                                     const stream::StreamOptions& options,
                                                     OpenSource open, CameraSessionEvents events) {
  std::shared_ptr<CameraSession> session(
      new CameraSession(loop, pool, std::move(open), std::move(events)));
  session->stream_ = stream::CameraStream::create(options, session->stream_events());
  return session;
}

CameraSession::CameraSession(net::EventLoop& loop, WorkerPool& pool, OpenSource open,
                             CameraSessionEvents events)
    : loop_(loop), pool_(pool), open_(std::move(open)), events_(std::move(events)) {}

stream::StreamEvents CameraSession::stream_events() {
  // The stream's callbacks come on its source's threads: they hold no more than a weak reference, and
  // each looks again on the loop whether the session still counts.
  const std::weak_ptr<CameraSession> weak = weak_from_this();
  net::EventLoop& loop = loop_;
  const auto on_loop = [weak, &loop](auto action) {
    loop.post([weak, action = std::move(action)] {
      const auto self = weak.lock();
      if (self && !self->ended_) action(*self);
    });
  };
  stream::StreamEvents events;
  events.on_state = [on_loop](domain::CameraState state) {
    on_loop([state](CameraSession& self) { self.events_.on_state(state); });
  };
  events.on_end = [on_loop](stream::EndReason reason, const std::string& detail) {
    on_loop([reason, detail](CameraSession& self) { self.events_.on_end(reason, detail); });
  };
  return events;
}

void CameraSession::begin() {
  if (ended_ || std::exchange(begun_, true)) return;
  const bool posted =
      pool_.try_post([self = shared_from_this(), open = std::exchange(open_, nullptr),
                      stream = stream_, &loop = loop_]() mutable {
        auto source = opened_or_error(open, stream);
        // The opener goes back as well: what it owns is the loop's, and may not end here.
        loop.post([self, source = std::move(source), open = std::move(open)]() mutable {
          self->created(std::move(source));
        });
      });
  if (!posted) {
    loop_.post([self = shared_from_this()] {
      self->created(Error{kUnavailable, "the server is busy; try again in a few seconds"});
    });
  }
}

void CameraSession::created(Result<Source> source) {
  if (ended_) {
    if (source) close_on_pool(std::move(*source));
    return;
  }
  if (!source) {
    ended_ = true;
    stream_->close();  // Whatever a source that failed half-way has left behind.
    events_.on_failed(source.error());
    return;
  }
  source_ = std::move(*source);
  events_.on_built();
}

void CameraSession::end() {
  if (std::exchange(ended_, true)) return;
  open_ = nullptr;
  // Here and at once: what happens on the pool may take a while, and until then no picture of an
  // ended session may reach anybody.
  stream_->close();
  if (source_) close_on_pool(std::move(source_));
}

void CameraSession::close_on_pool(Source source) {
  if (pool_.post_cleanup([source] { source->close(); })) return;
  // The pool has stopped: the process ends, and nobody waits for the loop any more.
  log::warn("media.close_on_loop", {{"session", id().str()}});
  source->close();
}

}  // namespace surveillx::mediaserver
