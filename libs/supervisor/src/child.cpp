#include "child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <utility>

#include "surveillx/base/id.hpp"

namespace surveillx::supervisor {
namespace {

Error system_error(ErrorName name, const std::string& what, int code) {
  return Error{name, what + ": " + std::strerror(code)};
}

}  // namespace

Result<NotifySocket> NotifySocket::open() {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return system_error(kSpawnFailed, "cannot open a notify socket", errno);
  const std::string name = "@surveillx-" + new_uuid();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const int on = 1;
  // An abstract socket has no file permissions; the sender's pid comes from the kernel instead.
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    const int code = errno;
    close(fd);
    return system_error(kSpawnFailed, "cannot bind a notify socket", code);
  }
  return NotifySocket(fd, name);
}

NotifySocket::NotifySocket(NotifySocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)) {}

NotifySocket::~NotifySocket() {
  if (fd_ >= 0) close(fd_);
}

std::optional<Notification> NotifySocket::take(pid_t pid) {
  std::array<char, 1024> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(fd_, &message, MSG_DONTWAIT);
  if (length < 0) return std::nullopt;
  Notification said;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return said;
  ucred sender{};
  std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
  if (sender.pid != pid) return said;
  std::string_view rest(text.data(), static_cast<std::size_t>(length));
  constexpr std::string_view kStatus = "STATUS=";
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line == "READY=1") said.ready = true;
    if (line == "WATCHDOG=1") said.alive = true;
    if (line.starts_with(kStatus)) said.status = line.substr(kStatus.size());
  }
  return said;
}

Result<pid_t> spawn(const ChildSpec& spec, const std::string& notify_name) {
  // Everything that allocates happens before fork, since other threads may hold the heap's lock.
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    // Those of whoever watches us are not meant for our children.
    bool replaced = name == "NOTIFY_SOCKET" || name == "WATCHDOG_USEC" || name == "WATCHDOG_PID";
    for (const auto& [key, value] : spec.environment) replaced = replaced || key == name;
    if (!replaced) environment.emplace_back(text);
  }
  for (const auto& [key, value] : spec.environment) environment.push_back(key + "=" + value);
  environment.push_back("NOTIFY_SOCKET=" + notify_name);
  if (spec.heartbeat.count() > 0) {
    environment.push_back("WATCHDOG_USEC=" + std::to_string(spec.heartbeat.count() * 1000));
  }
  std::vector<char*> envp;
  for (std::string& entry : environment) envp.push_back(entry.data());
  envp.push_back(nullptr);
  std::vector<std::string> words = spec.argv;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) return system_error(kSpawnFailed, "cannot open a pipe", errno);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    const int code = errno;
    close(failure[0]);
    close(failure[1]);
    return system_error(kSpawnFailed, "cannot start " + spec.name, code);
  }
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);  // The parent died before the line above.
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(argv[0], argv.data(), envp.data());
    const int code = errno;
    if (write(failure[1], &code, sizeof code) < 0) _exit(126);
    _exit(127);
  }
  close(failure[1]);
  int code = 0;
  const ssize_t got = read(failure[0], &code, sizeof code);
  close(failure[0]);
  if (got > 0) {
    waitpid(pid, nullptr, 0);
    return system_error(kSpawnFailed, "cannot execute " + spec.argv[0], code);
  }
  return pid;
}

}  // namespace surveillx::supervisor
