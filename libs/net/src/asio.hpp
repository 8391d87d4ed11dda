#pragma once

#include "surveillx/net/event_loop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace surveillx::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

/// What lives as long as its connection and so must be told when the loop ends before that.
class LoopBound {
 public:
  virtual ~LoopBound() = default;
  /// The loop's thread has ended: let go of everything, call nobody.
  virtual void loop_gone() = 0;
};

/// What stays valid for who holds a weak_ptr to it after the EventLoop is gone (responders).
struct LoopCore {
  asio::io_context io{1};

  /// Blocks until `ready` holds, or until the loop's thread has ended; true when `ready` holds.
  template <class Ready>
  bool wait(Ready ready) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ready() || !running; });
    return ready();
  }
  /// Wakes `wait` after something that a `ready` looks at has changed.
  void notify() {
    { const std::lock_guard lock(mutex); }
    changed.notify_all();
  }

  std::set<LoopBound*> bound;  ///< Loop thread only.

  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;  ///< Guarded by the mutex.
};

/// Runs `act` on the loop, unless that is gone. Any thread.
template <class Act>
void post_if_alive(const std::weak_ptr<LoopCore>& loop, Act act) {
  if (const auto core = loop.lock()) asio::post(core->io, std::move(act));
}

struct EventLoop::Impl {
  std::shared_ptr<LoopCore> core = std::make_shared<LoopCore>();
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::thread thread;
  std::atomic<std::thread::id> id{};

  [[nodiscard]] asio::io_context& io() const { return core->io; }
};

}  // namespace surveillx::net
