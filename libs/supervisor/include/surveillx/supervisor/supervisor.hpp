#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "surveillx/base/error.hpp"
#include "surveillx/supervisor/restart_policy.hpp"

namespace surveillx::supervisor {

inline constexpr ErrorName kSpawnFailed{"spawn_failed"};

struct ChildSpec {
  std::string name;               ///< For logs and events.
  std::vector<std::string> argv;  ///< argv[0] is the program's path.
  std::vector<std::pair<std::string, std::string>> environment;  ///< Added to ours.
  RestartPolicy::Limits restart;
  /// Exit codes after which it is not started again (a wrong token does not heal by trying).
  std::vector<int> final_exit_codes;
  /// From READY=1 on the child must send WATCHDOG=1 (`notify_alive`) at least this often, or it
  /// hangs: it is killed and started again. 0: nobody watches it.
  std::chrono::milliseconds heartbeat{0};
  /// How long it may take to say READY=1, when it is watched: loading models on a busy machine is
  /// slow, and no reason to begin once more.
  std::chrono::milliseconds start_limit{std::chrono::minutes(3)};
};

struct SupervisorEvents {
  /// The child has said READY=1; `status` is its STATUS line.
  std::function<void(const std::string& child, const std::string& status)> on_ready;
  /// `reason` is `exit 1`, `signal 9`, `no heartbeat for 10 s` or `not ready within 180 s`;
  /// `restarting` is false for a final exit.
  std::function<void(const std::string& child, const std::string& reason, bool restarting)> on_exit;
};

/// Starts children, restarts those that die or hang, and takes all of them with it: on SIGINT, SIGTERM or
/// `request_stop` they get SIGTERM, and SIGKILL after `grace`; should this process be killed, the
/// kernel kills them (PR_SET_PDEATHSIG). Children start in a process group of their own, so that a
/// terminal's Ctrl-C reaches only the supervisor, which then stops them in order. Under systemd with
/// WatchdogSec its own loop beats, too.
class Supervisor {
 public:
  /// Blocks SIGINT, SIGTERM and SIGCHLD for the calling thread and threads it starts later: create
  /// it on the main thread before any other thread, and call `run` on that same thread, since the
  /// kernel ties PR_SET_PDEATHSIG to the thread that forks.
  [[nodiscard]] static Result<std::unique_ptr<Supervisor>> create(SupervisorEvents events);
  virtual ~Supervisor() = default;

  virtual void add(ChildSpec child) = 0;
  /// Starts what was added and returns once a stop was asked for and no child is left.
  virtual Result<void> run(std::chrono::milliseconds grace) = 0;
  /// From any thread or from an event handler.
  virtual void request_stop() = 0;
  /// Whether a stop was asked for, by a signal or by `request_stop`: for long work before `run`,
  /// which then starts nothing. On the thread that made it.
  [[nodiscard]] virtual bool stop_requested() = 0;
};

}  // namespace surveillx::supervisor
