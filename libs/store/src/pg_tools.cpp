#include "pg_tools.hpp"

#include <libpq-fe.h>

#include <cerrno>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <system_error>

extern char** environ;  // NOLINT: POSIX declares it nowhere.

namespace surveillx::store {

std::string without_password(const std::string& url) {
  PQconninfoOption* options = PQconninfoParse(url.c_str(), nullptr);
  std::string text;
  for (const PQconninfoOption* o = options; o != nullptr && o->keyword != nullptr; ++o) {
    if (o->val == nullptr || std::string_view(o->keyword) == "password") continue;
    std::string quoted;
    for (const char* c = o->val; *c != '\0'; ++c) {
      if (*c == '\'' || *c == '\\') quoted += '\\';
      quoted += *c;
    }
    text += std::string(o->keyword) + "='" + quoted + "' ";
  }
  PQconninfoFree(options);
  return text;
}

Result<void> run_tool(const std::vector<std::string>& arguments, const std::string& password) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string secret = "PGPASSWORD=" + password;
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("PGPASSWORD=")) environment.push_back(*entry);
  }
  if (!password.empty()) environment.push_back(const_cast<char*>(secret.c_str()));
  environment.push_back(nullptr);

  pid_t child = 0;
  const int spawned =
      ::posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environment.data());
  if (spawned == ENOENT) {
    return Error{kNotFound,
                 arguments[0] + " is not installed; on Debian: apt install postgresql-client"};
  }
  if (spawned != 0) {
    return Error{kIo, arguments[0] + ": " + std::generic_category().message(spawned)};
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error{kIo, arguments[0] + " failed; it says above why"};
  }
  return {};
}

}  // namespace surveillx::store
