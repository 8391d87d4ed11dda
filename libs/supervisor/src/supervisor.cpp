#include "surveillx/supervisor/supervisor.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "child.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/supervisor/notify.hpp"
#include "surveillx/supervisor/signals.hpp"

namespace surveillx::supervisor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOwnStall{500};

struct Child {
  Child(ChildSpec child_spec, NotifySocket socket)
      : spec(std::move(child_spec)), policy(spec.restart), notify(std::move(socket)) {}

  ChildSpec spec;
  RestartPolicy policy;
  NotifySocket notify;
  pid_t pid = -1;
  bool ready = false;
  std::optional<SteadyTime> start_at;
  SteadyTime last_sign{};  ///< Its start, READY=1 or last heartbeat.
  std::string hung;        ///< Why it was killed by us; empty: it was not.

  /// When silence becomes a hang; nothing when it is not watched.
  [[nodiscard]] std::optional<SteadyTime> silent_until() const {
    if (pid < 0 || !hung.empty() || spec.heartbeat.count() <= 0) return std::nullopt;
    return last_sign + (ready ? spec.heartbeat : spec.start_limit);
  }
};

std::string describe(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

std::string in_seconds(milliseconds time) {
  const auto millis = time.count();
  return millis % 1000 == 0 ? std::to_string(millis / 1000) + " s" : std::to_string(millis) + " ms";
}

class SupervisorImpl final : public Supervisor {
 public:
  SupervisorImpl(SupervisorEvents events, int signals, int wake)
      : events_(std::move(events)), signal_fd_(signals), wake_fd_(wake) {}

  ~SupervisorImpl() override {
    for (Child& child : children_) {
      if (child.pid > 0) {
        kill(child.pid, SIGKILL);
        waitpid(child.pid, nullptr, 0);
      }
    }
    close(signal_fd_);
    close(wake_fd_);
  }

  void add(ChildSpec spec) override { pending_.push_back(std::move(spec)); }

  void request_stop() override {
    const std::uint64_t one = 1;
    // An eventfd only refuses to count past 2^64, long after it has woken us.
    [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
  }

  bool stop_requested() override {
    read_signals();
    return stop_requested_;
  }

  Result<void> run(milliseconds grace) override {
    if (stop_requested()) return {};
    for (ChildSpec& spec : pending_) {
      auto notify = NotifySocket::open();
      if (!notify) return notify.error();
      children_.emplace_back(std::move(spec), std::move(*notify));
      children_.back().start_at = clock_.steady();
    }
    pending_.clear();
    while (!(stopping_ && all_gone())) {
      if (!stopping_) start_due();
      wait_for_something();
      read_signals();
      reap();
      read_notifications();
      if (!stopping_) kill_hung();
      if (heartbeat_) notify_alive();
      if (stopping_ && kill_at_ && clock_.steady() >= *kill_at_) {
        signal_all(SIGKILL);
        kill_at_.reset();
      }
      if (stop_requested_ && !stopping_) {
        stopping_ = true;
        kill_at_ = clock_.steady() + grace;
        signal_all(SIGTERM);
      }
    }
    return {};
  }

 private:
  [[nodiscard]] bool all_gone() const {
    return std::all_of(children_.begin(), children_.end(),
                       [](const Child& child) { return child.pid < 0; });
  }

  void start_due() {
    for (Child& child : children_) {
      if (!child.start_at || *child.start_at > clock_.steady()) continue;
      child.start_at.reset();
      child.ready = false;
      child.policy.started(clock_.steady());
      const auto pid = spawn(child.spec, child.notify.name());
      if (!pid) {
        log::error("supervisor.spawn_failed",
                   {{"child", child.spec.name}, {"error", pid.error().message}});
        child.start_at = clock_.steady() + child.policy.died(clock_.steady());
        continue;
      }
      child.pid = *pid;
      child.hung.clear();
      child.last_sign = clock_.steady();
      log::info("supervisor.started", {{"child", child.spec.name}, {"pid", child.pid}});
    }
  }

  void wait_for_something() {
    std::vector<pollfd> fds{{signal_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    for (const Child& child : children_) fds.push_back({child.notify.fd(), POLLIN, 0});
    auto timeout = milliseconds(60'000);
    const auto until = [&](SteadyTime at) {
      const auto left = std::chrono::ceil<milliseconds>(at - clock_.steady());
      timeout = std::clamp(left, milliseconds(0), timeout);
    };
    for (const Child& child : children_) {
      if (stopping_) continue;
      if (child.start_at) until(*child.start_at);
      if (const auto limit = child.silent_until()) until(*limit);
    }
    if (heartbeat_) timeout = std::min(timeout, *heartbeat_);
    if (kill_at_) until(*kill_at_);
    const SteadyTime due = clock_.steady() + timeout;
    if (poll(fds.data(), fds.size(), static_cast<int>(timeout.count())) < 0 && errno != EINTR) {
      throw Failure(Error{kInternal, std::string("poll failed: ") + std::strerror(errno)});
    }
    // Whatever kept us from running (a paused machine, a full one) may have kept them, too.
    const auto late = std::chrono::duration_cast<milliseconds>(clock_.steady() - due);
    if (late > kOwnStall) {
      log::warn("supervisor.stalled", {{"late_ms", late.count()}});
      for (Child& child : children_) child.last_sign += late;
    }
  }

  void read_signals() {
    signalfd_siginfo info{};
    while (read(signal_fd_, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM) stop_requested_ = true;
    }
    std::uint64_t count = 0;
    if (read(wake_fd_, &count, sizeof count) == sizeof count) stop_requested_ = true;
  }

  void reap() {
    for (Child& child : children_) {
      if (child.pid < 0) continue;
      int status = 0;
      if (waitpid(child.pid, &status, WNOHANG) != child.pid) continue;
      child.pid = -1;
      const bool final_exit =
          WIFEXITED(status) &&
          std::find(child.spec.final_exit_codes.begin(), child.spec.final_exit_codes.end(),
                    WEXITSTATUS(status)) != child.spec.final_exit_codes.end();
      const std::string reason = child.hung.empty() ? describe(status) : child.hung;
      const bool restarting = !stop_requested_ && !stopping_ && !final_exit;
      if (restarting) {
        const auto delay = child.policy.died(clock_.steady());
        child.start_at = clock_.steady() + delay;
        log::warn("supervisor.child_died", {{"child", child.spec.name},
                                            {"reason", reason},
                                            {"restart_in_ms", delay.count()}});
      } else {
        log::info("supervisor.child_ended",
                  {{"child", child.spec.name}, {"reason", reason}});
      }
      if (events_.on_exit) events_.on_exit(child.spec.name, reason, restarting);
    }
  }

  void read_notifications() {
    for (Child& child : children_) read_notifications(child);
  }
  void read_notifications(Child& child) {
    while (const auto said = child.notify.take(child.pid)) {
      if (said->ready || said->alive) child.last_sign = clock_.steady();
      if (!said->ready || std::exchange(child.ready, true)) continue;
      if (events_.on_ready) events_.on_ready(child.spec.name, said->status);
    }
  }

  [[nodiscard]] bool is_silent(const Child& child) const {
    const auto limit = child.silent_until();
    return limit && clock_.steady() >= *limit;
  }

  void kill_hung() {
    for (Child& child : children_) {
      if (!is_silent(child)) continue;
      read_notifications(child);  // An event handler may have kept us from hearing it.
      if (!is_silent(child)) continue;
      child.hung = child.ready ? "no heartbeat for " + in_seconds(child.spec.heartbeat)
                               : "not ready within " + in_seconds(child.spec.start_limit);
      log::error("supervisor.child_hangs",
                 {{"child", child.spec.name}, {"pid", child.pid}, {"reason", child.hung}});
      // SIGTERM is for a loop that listens; SIGKILL reaches a stopped process as well.
      kill(child.pid, SIGKILL);
    }
  }

  void signal_all(int signal) {
    for (const Child& child : children_) {
      if (child.pid > 0) kill(child.pid, signal);
    }
  }

  SupervisorEvents events_;
  int signal_fd_;
  int wake_fd_;
  const Clock& clock_ = system_clock();
  std::vector<ChildSpec> pending_;
  std::vector<Child> children_;
  bool stop_requested_ = false;
  bool stopping_ = false;
  std::optional<SteadyTime> kill_at_;
  /// Somebody watches us in turn (systemd's WatchdogSec).
  const std::optional<milliseconds> heartbeat_ = heartbeat_interval();
};

}  // namespace

Result<std::unique_ptr<Supervisor>> Supervisor::create(SupervisorEvents events) {
  const sigset_t set = take_signals_here({SIGINT, SIGTERM, SIGCHLD});
  const int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals < 0 || wake < 0) {
    return Error{kInternal, std::string("cannot watch signals: ") + std::strerror(errno)};
  }
  return std::unique_ptr<Supervisor>(
      std::make_unique<SupervisorImpl>(std::move(events), signals, wake));
}

}  // namespace surveillx::supervisor
