#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace surveillx::net {

/// One Asio io_context run by one thread. Everything that `net`, `socketio` and the servers built on
/// them keep in memory belongs to a loop and is touched only on its thread, so it needs no locks:
/// see docs/threading.md. `post` may be called from any thread; handlers must not block.
class EventLoop {
 public:
  EventLoop();
  /// Stops and joins. Handlers that have not run are destroyed on the calling thread.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Starts the thread. `name` is at most 15 characters.
  void start(const char* name);
  /// Ends the thread after the handler that is running. Not from the loop's own thread.
  void stop();
  /// Runs `fn` on the loop's thread, never inside this call. Thread-safe.
  void post(std::function<void()> fn);
  /// Runs `fn` on the loop and waits for it; its exception comes back. In place when the loop does not
  /// run. Not from the loop's thread; a bug otherwise.
  void run_sync(const std::function<void()>& fn);
  [[nodiscard]] bool in_loop() const;

  /// For the libraries that build on Asio (net's and socketio's src/): the io_context.
  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A one-shot or repeating timer of a loop. Cancelled when destroyed. Loop thread only.
class Timer {
 public:
  explicit Timer(EventLoop& loop);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Replaces what was armed before. After `cancel` or destruction `fn` does not run any more.
  void start(std::chrono::milliseconds after, std::function<void()> fn);
  void start_repeating(std::chrono::milliseconds every, std::function<void()> fn);
  void cancel();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace surveillx::net
