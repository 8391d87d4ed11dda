#pragma once

#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/event_loop.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <string>
#include <unordered_map>

namespace surveillx::webapp {

/// Threads for what strangers ask for (a look-up, a password), which take turns by key, an address:
/// however much one asks for, another waits no longer than for what is running. Used on the loop;
/// jobs run on threads of its own.
class FairQueue {
 public:
  struct Limits {
    std::size_t threads = 2;
    std::size_t per_key = 64;  ///< Waiting.
    std::size_t total = 512;   ///< Waiting.
  };
  FairQueue(net::EventLoop& loop, std::string name, Limits limits);

  /// False when the key, or all of them, have too much waiting. Not every job that was taken runs:
  /// those that still wait at the end do not.
  [[nodiscard]] bool push(const std::string& key, std::function<void()> job);
  /// Joins; before the loop ends, not on its thread.
  void stop() { pool_.stop(); }

 private:
  void start_next();

  net::EventLoop& loop_;
  Limits limits_;
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
  std::list<std::string> turns_;  ///< Keys with something waiting, the next one first.
  std::unordered_map<std::string, std::deque<std::function<void()>>> jobs_;
  WorkerPool pool_;
};

}  // namespace surveillx::webapp
