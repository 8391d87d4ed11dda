#include "surveillx/config/explained_json.hpp"
#include "surveillx/config/keys.hpp"
#include "surveillx/ice/local_addresses.hpp"

#include "commands/command.hpp"
#include "commands/load_config.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>

namespace surveillx::app {
namespace {

int check(const CommonOptions& common) {
  auto options = load_options(common);
  options.create_data_dir = false;
  auto problems = config::check(options);
  if (problems.empty()) {
    // What is right as it is written may still not fit the machine.
    const auto config = must(config::load(options));
    if (const auto here = ice::check_local_addresses(config.ice.local_addresses); !here) {
      const std::string key = "ice.local_addresses";
      problems.push_back({here.error().name, config::origin_of(config, key).where, key,
                          here.error().message});
    }
  }
  if (common.json) {
    boost::json::array list;
    for (const auto& problem : problems) {
      list.push_back({{"error", problem.name.text()},
                      {"where", problem.where},
                      {"key", problem.key},
                      {"message", problem.message}});
    }
    std::puts(boost::json::serialize(list).c_str());
  } else {
    for (const auto& problem : problems) {
      std::fprintf(stderr, "surveillx: %s\n", problem.text().c_str());
    }
    if (problems.empty()) std::puts("The configuration is right.");
  }
  return problems.empty() ? kDone : kFailed;
}

int explain(const CommonOptions& common) {
  auto options = load_options(common);
  options.create_data_dir = false;
  const auto config = must(config::load(options));
  const auto values = config::explain(config);
  if (common.json) {
    boost::json::array list;
    for (const auto& value : values) list.emplace_back(config::to_json(value));
    std::puts(boost::json::serialize(list).c_str());
    return kDone;
  }
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  for (const auto& value : values) {
    key_width = std::max(key_width, value.key.size());
    value_width = std::max(value_width, std::min<std::size_t>(value.value.size(), 40));
  }
  std::printf("# file: %s\n# data directory: %s\n",
              config.file.empty() ? "none" : config.file.c_str(),
              config.data_dir.c_str());
  for (const auto& value : values) {
    std::printf("%-*s = %-*s  # %s\n", static_cast<int>(key_width), value.key.c_str(),
                static_cast<int>(value_width), value.value.c_str(), value.origin.c_str());
  }
  return kDone;
}

}  // namespace

void add_config(Registrar& r) {
  CLI::App* command = r.subcommand("config", "Check, explain or describe the configuration");
  command->require_subcommand(1);
  r.run(r.subcommand("check", "Say everything that is wrong", command), check);
  r.run(r.subcommand("explain", "Show every value and where it comes from", command), explain);
  r.run(r.subcommand("schema", "Print the JSON schema of surveillx.toml", command),
        [](const CommonOptions&) {
          std::fputs(config::json_schema().c_str(), stdout);
          return kDone;
        });
}

}  // namespace surveillx::app
