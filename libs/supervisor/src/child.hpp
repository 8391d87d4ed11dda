#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "surveillx/supervisor/supervisor.hpp"

namespace surveillx::supervisor {

/// What one datagram of a child said.
struct Notification {
  bool ready = false;  ///< READY=1
  bool alive = false;  ///< WATCHDOG=1
  std::string status;  ///< STATUS=
};

/// A datagram socket in the abstract name space on which one child says that it is ready and alive.
class NotifySocket {
 public:
  [[nodiscard]] static Result<NotifySocket> open();
  NotifySocket(NotifySocket&& other) noexcept;
  NotifySocket& operator=(NotifySocket&&) = delete;
  ~NotifySocket();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The next datagram that waits; what another process than `pid` sent says nothing. Empty when
  /// none waits.
  [[nodiscard]] std::optional<Notification> take(pid_t pid);

 private:
  NotifySocket(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  int fd_ = -1;
  std::string name_;
};

/// Forks and executes; the child dies with the calling thread's process. `spawn_failed` when the
/// program cannot be executed.
[[nodiscard]] Result<pid_t> spawn(const ChildSpec& spec, const std::string& notify_name);

}  // namespace surveillx::supervisor
