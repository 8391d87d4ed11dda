#include "surveillx/test_support/postgres_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace surveillx::test_support {

namespace {

namespace fs = std::filesystem;

/// The newest /usr/lib/postgresql/<version>/bin.
std::string find_programs() {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
    const fs::path bin = version.path() / "bin";
    if (fs::exists(bin / "initdb") && fs::exists(bin / "postgres")) found.push_back(bin);
  }
  std::sort(found.begin(), found.end());
  return found.empty() ? std::string() : found.back().string();
}

/// A port that stays ours until this process ends: bound and never listening, so that the kernel gives
/// it to nobody else while PostgreSQL, which sets SO_REUSEADDR too, may take it again and again.
int held_port() {
  static const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

}  // namespace

PostgresServer* PostgresServer::shared() {
  // Where everything is installed, a server that is missing is a fault and no reason to skip.
  const auto missing = [](const char* why) -> std::unique_ptr<PostgresServer> {
    if (std::getenv("SURVEILLX_TEST_COMPLETE") != nullptr) throw std::runtime_error(why);
    std::fprintf(stderr, "skipped: %s\n", why);
    return nullptr;
  };
  static const std::unique_ptr<PostgresServer> kServer = [&]() -> std::unique_ptr<PostgresServer> {
    const std::string bin = find_programs();
    if (bin.empty()) return missing("no PostgreSQL server on this machine (Debian: postgresql-15)");
    std::string user;
    if (::geteuid() == 0) {
      user = "postgres";
      if (::getpwnam(user.c_str()) == nullptr) {
        return missing("running as root, and there is no user postgres");
      }
    }
    return std::unique_ptr<PostgresServer>(new PostgresServer(bin, user));
  }();
  return kServer.get();
}

PostgresServer::PostgresServer(std::string bin, std::string user)
    : bin_(std::move(bin)), user_(std::move(user)) {
  if (!user_.empty()) {
    const passwd* entry = ::getpwnam(user_.c_str());
    if (::chown(dir_.path().c_str(), entry->pw_uid, entry->pw_gid) != 0) {
      throw std::runtime_error("chown failed");
    }
  }
  run("initdb", {"-D", dir_.file("data"), "-A", "trust", "-U", "postgres", "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync", "--no-instructions"});
  port_ = held_port();
  start();
}

PostgresServer::~PostgresServer() { stop(); }

pid_t PostgresServer::spawn(const std::string& program, std::vector<std::string> arguments,
                            bool quiet) const {
  // Everything that allocates happens before the fork.
  const std::string path = bin_ + "/" + program;
  const std::string log = dir_.file("log");
  arguments.insert(arguments.begin(), path);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const passwd* user = user_.empty() ? nullptr : ::getpwnam(user_.c_str());
  const uid_t uid = user == nullptr ? 0 : user->pw_uid;
  const gid_t gid = user == nullptr ? 0 : user->pw_gid;
  const pid_t parent = ::getpid();

  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  if (user != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0)) {
    ::_exit(126);
  }
  // After setuid, which clears it: an immediate shutdown when the test program is gone.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(126);
  if (quiet) {
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
  }
  if (::chdir("/") != 0) ::_exit(126);
  ::execv(path.c_str(), argv.data());
  ::_exit(127);
}

void PostgresServer::run(const std::string& program, std::vector<std::string> arguments) const {
  const pid_t child = spawn(program, std::move(arguments), true);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(program + " failed:\n" + read_file(dir_.file("log")));
  }
}

bool PostgresServer::ready() const {
  // The eighth line of postmaster.pid is the server's state; pg_ctl looks there too.
  std::ifstream file(dir_.path() / "data" / "postmaster.pid");
  std::string line;
  for (int i = 0; i < 8; ++i) {
    if (!std::getline(file, line)) return false;
  }
  return line.starts_with("ready");
}

void PostgresServer::start() {
  if (server_ > 0) return;
  server_ = spawn(
      "postgres",
      {"-D", dir_.file("data"), "-p", std::to_string(port_), "-c", "listen_addresses=127.0.0.1",
       "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
       "max_connections=60", "-c", "shared_buffers=16MB", "-c", "autovacuum=off"},
      true);
  const bool up =
      eventually([this] { return ready() || ::waitpid(server_, nullptr, WNOHANG) == server_; });
  if (!up || !ready()) {
    if (::waitpid(server_, nullptr, WNOHANG) == 0) stop();  // Else it has ended by itself.
    server_ = -1;
    throw std::runtime_error("PostgreSQL did not start:\n" + read_file(dir_.file("log")));
  }
}

void PostgresServer::stop() {
  if (server_ <= 0) return;
  ::kill(server_, SIGINT);  // "Fast": connections are cut, the data are consistent.
  while (::waitpid(server_, nullptr, 0) < 0 && errno == EINTR) {
  }
  server_ = -1;
}

std::string PostgresServer::create_database() {
  const std::string name = "test_" + std::to_string(++databases_);
  run("createdb", {"-h", "127.0.0.1", "-p", std::to_string(port_), "-U", "postgres", name});
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + name;
}

}  // namespace surveillx::test_support
