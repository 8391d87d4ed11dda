#include "surveillx/store/resource_json.hpp"

#include "commands/command.hpp"
#include "commands/store_access.hpp"
#include "commands/usage_error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <termios.h>
#include <unistd.h>

namespace surveillx::app {
namespace {

struct UserOptions {
  std::string username;
  std::string role = "viewer";
  bool password_stdin = false;
};

/// Turns the terminal's echo off, and on again at the end of the scope.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd) {
    active_ = ::tcgetattr(fd_, &before_) == 0;
    if (!active_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  ~NoEcho() {
    if (active_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  int fd_;
  termios before_{};
  bool active_ = false;
};

std::string prompt(const char* question) {
  std::fprintf(stderr, "%s: ", question);
  std::string line;
  {
    const NoEcho quiet(STDIN_FILENO);
    std::getline(std::cin, line);
  }
  std::fputc('\n', stderr);
  return line;
}

/// From the terminal, twice, or as the first line of stdin; never from the command line, which
/// other users of the machine can read.
std::string ask_password(bool from_stdin) {
  if (from_stdin) {
    std::string line;
    std::getline(std::cin, line);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
  }
  if (::isatty(STDIN_FILENO) == 0) {
    throw Failure(Error{kInvalidArgument,
                        "there is no terminal to ask for a password; pipe it in and say "
                        "--password-stdin"});
  }
  const std::string first = prompt("Password");
  if (prompt("Again") != first) {
    throw Failure(Error{kInvalidArgument, "the two passwords are not the same"});
  }
  return first;
}

boost::json::object json_of(const domain::User& user, const attendance::TimeZone& zone) {
  auto object = store::to_json(user);
  object["created_at"] = zone.format_rfc3339(user.created_at);
  return object;
}

domain::User find(store::Users& users, const std::string& username) {
  auto found = users.find_by_name(username);
  if (found || !found.error().is(kNotFound)) return must(std::move(found));
  std::vector<std::string> names;
  for (const auto& user : must(users.list())) names.push_back(user.username);
  const std::string near = did_you_mean(username, names);
  throw Failure(Error{kNotFound, "there is no user '" + username + "'" +
                                     (near.empty() ? "; `surveillx users list` names those there are"
                                                   : near)});
}

int add(const CommonOptions& common, const UserOptions& options) {
  const auto role = domain::parse_role(options.role);
  if (!role) {
    const std::string near = did_you_mean(options.role, {"admin", "operator", "viewer"});
    std::fprintf(stderr, "surveillx: --role is admin, operator or viewer, not '%s'%s\n",
                 options.role.c_str(), near.c_str());
    return kWrongUse;
  }
  const auto access = open_store(common);
  const auto user =
      must(access.store->users.add(options.username, *role, ask_password(options.password_stdin)));
  if (common.json) {
    std::puts(boost::json::serialize(json_of(user, access.zone)).c_str());
  } else {
    std::printf("Added %s (%s).\n", user.username.c_str(), options.role.c_str());
  }
  return kDone;
}

int passwd(const CommonOptions& common, const UserOptions& options) {
  const auto access = open_store(common);
  const auto user = find(access.store->users, options.username);
  must(access.store->users.set_password(user.id, ask_password(options.password_stdin)));
  if (!common.json) {
    std::printf("Changed the password of %s; all sessions of the user have ended.\n",
                user.username.c_str());
  }
  return kDone;
}

int list(const CommonOptions& common) {
  const auto access = open_store(common);
  const auto users = must(access.store->users.list());
  if (common.json) {
    boost::json::array all;
    for (const auto& user : users) all.emplace_back(json_of(user, access.zone));
    std::puts(boost::json::serialize(all).c_str());
    return kDone;
  }
  for (const auto& user : users) {
    std::printf("%-24s %-9s since %s\n", user.username.c_str(),
                std::string(domain::to_string(user.role)).c_str(),
                access.zone.format_local(user.created_at).c_str());
  }
  if (users.empty()) std::puts("There are no users yet; `surveillx up` makes the first one.");
  return kDone;
}

int remove(const CommonOptions& common, const UserOptions& options) {
  const auto access = open_store(common);
  const auto user = find(access.store->users, options.username);
  must(access.store->users.remove(user.id));
  if (!common.json) std::printf("Removed %s.\n", user.username.c_str());
  return kDone;
}

}  // namespace

void add_users(Registrar& r) {
  CLI::App* users = r.subcommand("users", "Who may sign in");
  users->require_subcommand(1);
  const auto options = std::make_shared<UserOptions>();
  const auto named = [&](const char* name, const char* description) {
    CLI::App* command = r.subcommand(name, description, users);
    command->add_option("NAME", options->username, "The user's name")->required();
    return command;
  };
  const auto with_password = [&](CLI::App* command) {
    command->add_flag("--password-stdin", options->password_stdin,
                      "Read the password from the first line of stdin");
  };

  CLI::App* add_command = named("add", "Add a user; asks for the password");
  add_command->add_option("--role", options->role, "admin, operator or viewer (default)");
  with_password(add_command);
  r.run(add_command, [options](const CommonOptions& common) { return add(common, *options); });

  CLI::App* passwd_command = named("passwd", "Set a user's password and end all their sessions");
  with_password(passwd_command);
  r.run(passwd_command,
        [options](const CommonOptions& common) { return passwd(common, *options); });

  r.run(r.subcommand("list", "List the users", users), list);
  r.run(named("remove", "Remove a user"),
        [options](const CommonOptions& common) { return remove(common, *options); });
}

}  // namespace surveillx::app
