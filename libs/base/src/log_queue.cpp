#include "log_queue.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace surveillx::log {
namespace {

/// What one write is made of at most: a stuck write holds no more than this beside the queue.
constexpr std::size_t kBatchBytes = 64 * 1024;
/// How long the destructor waits for its thread.
constexpr std::chrono::milliseconds kJoin{100};

}  // namespace

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // Somebody who shares the descriptor made it non-blocking.
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, 1'000);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

struct LogQueue::State {
  int fd;
  Limits limits;
  std::function<std::string(std::uint64_t)> describe_drops;
  std::function<void()> every_second;

  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable progress;
  std::deque<std::string> lines;
  std::size_t bytes = 0;
  std::uint64_t pushed = 0;
  std::uint64_t settled = 0;  ///< Written or dropped.
  std::uint64_t dropped = 0;
  std::uint64_t told = 0;  ///< Of the dropped ones.
  bool stopping = false;
  bool ended = false;
};

LogQueue::LogQueue(int fd, Limits limits, std::function<std::string(std::uint64_t)> describe_drops,
                   std::function<void()> every_second)
    : state_(std::make_shared<State>()) {
  state_->fd = fd;
  state_->limits = limits;
  state_->describe_drops = std::move(describe_drops);
  state_->every_second = std::move(every_second);
  // The thread takes no signals: those that others wait for must not end up here, and SIGPIPE of a
  // reader that has gone must not end the process.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([state = state_] { run(state); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LogQueue::~LogQueue() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->wake.notify_all();
  state_->progress.wait_for(lock, kJoin, [this] { return state_->ended; });
}

void LogQueue::push(std::string line) {
  {
    const std::lock_guard lock(state_->mutex);
    State& s = *state_;
    ++s.pushed;
    s.bytes += line.size();
    s.lines.push_back(std::move(line));
    while (s.lines.size() > s.limits.lines || s.bytes > s.limits.bytes) {
      s.bytes -= s.lines.front().size();
      s.lines.pop_front();
      ++s.dropped;
      ++s.settled;
    }
  }
  state_->wake.notify_one();
}

bool LogQueue::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t until = state_->pushed;
  return state_->progress.wait_for(lock, limit, [&] { return state_->settled >= until; });
}

std::uint64_t LogQueue::dropped() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

void LogQueue::run(const std::shared_ptr<State>& state) {
  pthread_setname_np(pthread_self(), "log");
  State& s = *state;
  auto next_second = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::unique_lock lock(s.mutex);
  for (;;) {
    s.wake.wait_until(lock, next_second, [&] { return s.stopping || !s.lines.empty(); });
    std::string batch;
    std::uint64_t count = 0;
    if (s.dropped > s.told && !s.stopping) {
      batch = s.describe_drops(s.dropped - s.told);
      s.told = s.dropped;
    }
    while (!s.lines.empty() && batch.size() < kBatchBytes) {
      batch += s.lines.front();
      s.bytes -= s.lines.front().size();
      s.lines.pop_front();
      ++count;
    }
    if (batch.empty() && s.stopping) break;
    const bool stopping = s.stopping;
    lock.unlock();
    const bool written = batch.empty() || write_all(s.fd, batch);
    if (!stopping && std::chrono::steady_clock::now() >= next_second) {
      if (s.every_second) s.every_second();
      next_second = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    }
    lock.lock();
    s.settled += count;
    if (!written) s.dropped += count;
    s.progress.notify_all();
  }
  s.ended = true;
  s.progress.notify_all();
}

}  // namespace surveillx::log
