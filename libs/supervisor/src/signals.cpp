#include "surveillx/supervisor/signals.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace surveillx::supervisor {
namespace {

std::atomic<pid_t> taker{0};

/// Only what signal-safety(7) allows. The taker blocks the signal, so it stays pending there.
void send_on(int signal) {
  const int before = errno;
  syscall(SYS_tgkill, getpid(), taker.load(), signal);
  errno = before;
}

}  // namespace

sigset_t take_signals_here(std::initializer_list<int> signals) {
  taker = static_cast<pid_t>(syscall(SYS_gettid));
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  for (const int signal : signals) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = send_on;
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
  return set;
}

}  // namespace surveillx::supervisor
