#include "commands/first_admin.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace surveillx::app {

std::optional<std::string> take_given_admin_password() {
  std::optional<std::string> given;
  if (const char* text = std::getenv("SURVEILLX_ADMIN_PASSWORD"); text != nullptr && *text != '\0') {
    given = text;
  }
  unsetenv("SURVEILLX_ADMIN_PASSWORD");
  return given;
}

bool stdout_is_the_journal() {
  // systemd.exec(5), JOURNAL_STREAM.
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (stream == nullptr || fstat(STDOUT_FILENO, &info) != 0) return false;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
}

std::string password_line(const store::FirstAdmin* admin) {
  if (admin == nullptr) return "as set before (lost it? surveillx users passwd admin)";
  if (!admin->generated) return "as given in $SURVEILLX_ADMIN_PASSWORD";
  if (stdout_is_the_journal()) return "set one with: surveillx users passwd admin";
  return admin->password + "   (shown only this once)";
}

Result<void> flush_stdout() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return Error{kIo, std::string("cannot write to standard output: ") + std::strerror(errno)};
}

}  // namespace surveillx::app
