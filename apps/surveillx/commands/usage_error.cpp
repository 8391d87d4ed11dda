#include "commands/usage_error.hpp"

#include <algorithm>
#include <functional>

#include "surveillx/config/keys.hpp"

namespace surveillx::app {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// From the program down to the command that was meant.
std::vector<const CLI::App*> chosen_path(const CLI::App& root) {
  std::vector<const CLI::App*> path{&root};
  while (true) {
    const auto chosen = path.back()->get_subcommands();
    if (chosen.empty()) return path;
    path.push_back(chosen.front());
  }
}

std::string words_of(const std::vector<const CLI::App*>& path, std::size_t count) {
  std::string words;
  for (std::size_t i = 0; i < count; ++i) words += (i == 0 ? "" : " ") + path[i]->get_name();
  return words;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

/// Whether a command below `app` has the option.
bool some_command_has(const CLI::App& app, const std::string& option) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const auto names = option_names(*command);
    if (std::find(names.begin(), names.end(), option) != names.end()) return true;
    if (some_command_has(*command, option)) return true;
  }
  return false;
}

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

/// The first word that nobody has taken, explained; empty when there is none.
std::string unknown_word(const std::vector<const CLI::App*>& path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const CLI::App& app = *path[i];
    const auto left = app.remaining(false);
    if (left.empty()) continue;
    const std::string so_far = words_of(path, i + 1);
    const std::string see = "; see " + so_far + " --help";
    if (is_option(left.front())) {
      const std::string option = left.front().substr(0, left.front().find('='));
      const std::string near = did_you_mean(option, option_names(app));
      if (near.empty() && some_command_has(app, option)) {
        return option + " stands behind the command: " + so_far + " COMMAND " + option;
      }
      return "unknown option " + option + (near.empty() ? see : near);
    }
    const auto commands = command_names(app);
    if (!commands.empty() && i + 1 == path.size()) {
      const std::string near = did_you_mean(left.front(), commands);
      return "unknown command '" + left.front() + "'" + (i == 0 ? "" : " of " + so_far) +
             (near.empty() ? "; there are " + listed(commands) : near);
    }
    return "'" + left.front() + "' is one argument too many for " + so_far + see;
  }
  return {};
}

}  // namespace

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  // Compared in lower case, shown as it is; the first of two that differ in case alone wins.
  std::vector<std::string> lowered;
  for (const std::string& one : known) lowered.push_back(lower(one));
  const std::vector<std::string_view> views(lowered.begin(), lowered.end());
  const std::string near = config::nearest(lower(name), views);
  const auto found = std::find(lowered.begin(), lowered.end(), near);
  if (near.empty() || found == lowered.end()) return {};
  const std::string& shown = known[static_cast<std::size_t>(found - lowered.begin())];
  return shown.starts_with("--") ? "; did you mean " + shown + "?"
                                 : "; did you mean '" + shown + "'?";
}

std::string explain_wrong_use(const CLI::App& root, const CLI::ParseError& error) {
  const auto path = chosen_path(root);
  const std::string command = words_of(path, path.size());
  const bool about_something_missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (about_something_missing || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    if (std::string unknown = unknown_word(path); !unknown.empty()) return unknown;
  }
  const auto commands = command_names(*path.back());
  if (about_something_missing && !commands.empty()) {
    return command + " needs a command: " + listed(commands) + "; see " + command + " --help";
  }
  return std::string(error.what()) + "; see " + command + " --help";
}

}  // namespace surveillx::app
