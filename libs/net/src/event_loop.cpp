#include "surveillx/net/event_loop.hpp"

#include "surveillx/base/log.hpp"

#include "asio.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cassert>
#include <exception>
#include <pthread.h>
#include <utility>

namespace surveillx::net {

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}

EventLoop::~EventLoop() {
  stop();
  std::set<LoopBound*>& bound = impl_->core->bound;
  while (!bound.empty()) {
    LoopBound* const last = *bound.begin();
    bound.erase(bound.begin());
    last->loop_gone();
  }
}

void EventLoop::start(const char* name) {
  assert(!impl_->thread.joinable());
  impl_->work.emplace(impl_->io().get_executor());
  impl_->io().restart();
  {
    const std::lock_guard lock(impl_->core->mutex);
    impl_->core->running = true;
  }
  impl_->thread = std::thread([impl = impl_.get()] {
    impl->id = std::this_thread::get_id();
    for (;;) {
      try {
        impl->io().run();
        return;
      } catch (const std::exception& e) {
        // One handler's failure must not end every connection of the process.
        log::error("loop.handler_failed", {{"error", e.what()}});
      }
    }
  });
  // Set here, too, so that `in_loop` is right before the thread has got going.
  impl_->id = impl_->thread.get_id();
  pthread_setname_np(impl_->thread.native_handle(), name);
}

void EventLoop::stop() {
  assert(!in_loop());
  impl_->io().stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->id = std::thread::id{};
  {
    const std::lock_guard lock(impl_->core->mutex);
    impl_->core->running = false;
  }
  impl_->core->changed.notify_all();
}

void EventLoop::post(std::function<void()> fn) { asio::post(impl_->io(), std::move(fn)); }

void EventLoop::run_sync(const std::function<void()>& fn) {
  assert(!in_loop());
  struct Call {
    std::atomic<bool> claimed{false};
    std::atomic<bool> done{false};
    std::exception_ptr failure;
  };
  const auto call = std::make_shared<Call>();
  const std::shared_ptr<LoopCore> core = impl_->core;
  post([call, &fn, core = core.get()] {
    if (call->claimed.exchange(true)) return;
    try {
      fn();
    } catch (...) {
      call->failure = std::current_exception();
    }
    call->done = true;
    core->notify();
  });
  // A loop that does not run has no thread of its own to protect: the caller takes its place.
  if (!core->wait([&] { return call->done.load(); }) && !call->claimed.exchange(true)) fn();
  if (call->failure) std::rethrow_exception(call->failure);
}

bool EventLoop::in_loop() const { return impl_->id.load() == std::this_thread::get_id(); }

struct Timer::State : std::enable_shared_from_this<Timer::State> {
  explicit State(asio::io_context& io) : timer(io) {}

  void arm() {
    timer.async_wait([self = shared_from_this(), armed = generation](const error_code& ec) {
      // Cancelling cannot take back a completion that is already queued: the generation can.
      if (ec || armed != self->generation) return;
      // Held here, since the callback may replace or destroy its timer.
      const std::shared_ptr<std::function<void()>> call = self->fn;
      if (self->every.count() > 0) {
        const auto now = std::chrono::steady_clock::now();
        auto next = self->timer.expiry() + self->every;
        if (next < now) next = now + self->every;  // After a stall: no burst of missed calls.
        self->timer.expires_at(next);
        self->arm();
      } else {
        self->fn.reset();
      }
      (*call)();
    });
  }

  asio::steady_timer timer;
  std::uint64_t generation = 0;
  std::chrono::milliseconds every{0};
  std::shared_ptr<std::function<void()>> fn;
};

Timer::Timer(EventLoop& loop) : state_(std::make_shared<State>(loop.impl().io())) {}

Timer::~Timer() { cancel(); }

void Timer::start(std::chrono::milliseconds after, std::function<void()> fn) {
  ++state_->generation;
  state_->every = std::chrono::milliseconds(0);
  state_->fn = std::make_shared<std::function<void()>>(std::move(fn));
  state_->timer.expires_after(after);
  state_->arm();
}

void Timer::start_repeating(std::chrono::milliseconds every, std::function<void()> fn) {
  ++state_->generation;
  state_->every = std::max(every, std::chrono::milliseconds(1));
  state_->fn = std::make_shared<std::function<void()>>(std::move(fn));
  state_->timer.expires_after(state_->every);
  state_->arm();
}

void Timer::cancel() {
  ++state_->generation;
  state_->fn.reset();
  state_->timer.cancel();
}

}  // namespace surveillx::net
