#pragma once

#include <sys/types.h>

#include <string>

#include "surveillx/supervisor/supervisor.hpp"

namespace surveillx::supervisor {

/// A datagram socket in the abstract name space on which one child says that it is ready.
class NotifySocket {
 public:
  [[nodiscard]] static Result<NotifySocket> open();
  NotifySocket(NotifySocket&& other) noexcept;
  NotifySocket& operator=(NotifySocket&&) = delete;
  ~NotifySocket();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The STATUS of a READY=1 datagram from process `pid`, if one is waiting.
  [[nodiscard]] bool take_ready(pid_t pid, std::string& status);

 private:
  NotifySocket(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  int fd_ = -1;
  std::string name_;
};

/// Forks and executes; the child dies with the calling thread's process. `spawn_failed` when the
/// program cannot be executed.
[[nodiscard]] Result<pid_t> spawn(const ChildSpec& spec, const std::string& notify_name);

}  // namespace surveillx::supervisor
