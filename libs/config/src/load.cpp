#include "surveillx/config/load.hpp"

#include "surveillx/config/hide_password.hpp"

#include "key_table.hpp"
#include "toml_file.hpp"
#include "values.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

extern char** environ;

namespace surveillx::config {
namespace {

namespace fs = std::filesystem;
using Environment = std::map<std::string, std::string>;

std::string variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string absolute(const std::string& path, const fs::path& base) {
  if (path.empty()) return path;
  return (base / path).lexically_normal().string();
}

/// Keys and values of a file may hold anything; a message is one line and moves no cursor.
std::string printable(const std::string& text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      result += c;
    } else {
      result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return result;
}

/// Paths in a file are relative to the file, so that a configuration can be moved with what it
/// names; everywhere else to the current directory.
void resolve_path(Setting& setting, const fs::path& base) {
  const Key* key = find_key(setting.key);
  if (key == nullptr) return;
  if (key->info.type == Type::path) setting.value = absolute(setting.value, base);
  if (setting.key == "database.url" && setting.value.starts_with("sqlite:")) {
    std::string path = setting.value.substr(7);
    if (path.starts_with("//")) path = path.substr(2);
    if (!path.empty() && !path.starts_with(':')) setting.value = "sqlite:" + absolute(path, base);
  }
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::vector<Setting> read_environment(const Environment& environment,
                                      std::vector<Problem>& problems) {
  constexpr std::string_view kPrefix = "SURVEILLX_";
  std::vector<Setting> settings;
  // First, so that SURVEILLX_VISION_MODELS, the more exact name, wins.
  if (auto models = variable(environment, "SURVEILLX_MODELS"); !models.empty()) {
    settings.push_back({"vision.models", std::move(models), "$SURVEILLX_MODELS"});
  }
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || value.empty()) continue;
    if (name == "SURVEILLX_ADMIN_PASSWORD" || name == "SURVEILLX_CAMERA_TOKEN") continue;
    const std::string_view rest = std::string_view(name).substr(kPrefix.size());
    const auto underscore = rest.find('_');
    if (underscore == std::string_view::npos) continue;
    const std::string section = lower(rest.substr(0, underscore));
    const std::string key = section + "." + lower(rest.substr(underscore + 1));
    const auto& sections = section_names();
    if (std::find(sections.begin(), sections.end(), section) == sections.end()) {
      // Test helpers and wrappers have variables of their own; only what looks like a slip of one
      // of our sections is an error.
      if (!nearest(section, sections).empty()) {
        problems.push_back(unknown_key("$" + name, key));
      }
      continue;
    }
    if (find_key(key) == nullptr) {
      problems.push_back(unknown_key("$" + name, key));
      continue;
    }
    settings.push_back({key, value, "$" + name});
  }
  return settings;
}

/// `SURVEILLX_ICE_TURN_SECRET` of `ice.turn_secret`.
std::string variable_of(std::string_view key) {
  std::string name = "SURVEILLX_";
  for (const char c : key) {
    name += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return name;
}

std::vector<Setting> read_overrides(const std::vector<std::string>& overrides,
                                    std::vector<Problem>& problems) {
  std::vector<Setting> settings;
  for (const auto& text : overrides) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
      problems.push_back({kBadValue, "flag", hide_password(text), "must be section.key=value"});
      continue;
    }
    const std::string key = trim(std::string_view(text).substr(0, equals));
    if (find_key(key) == nullptr) {
      problems.push_back(unknown_key("flag", key));
      continue;
    }
    std::string value = text.substr(equals + 1);
    // The value itself is in no message: it would be in the terminal's history and in logs.
    if (holds_secret(*find_key(key), value)) {
      problems.push_back({kSecretInArguments, "flag", key,
                          "holds a secret, and every user of this machine can read command lines: "
                          "put it into surveillx.toml or into $" +
                              variable_of(key)});
      continue;
    }
    settings.push_back({key, std::move(value), "flag"});
  }
  return settings;
}

/// What was read so far, and what is wrong with it.
struct Loading {
  Config config;
  std::vector<Problem> problems;

  void apply(std::vector<Setting> settings, const fs::path& base, Source source) {
    for (auto& setting : settings) {
      resolve_path(setting, base);
      const Key* key = find_key(setting.key);
      auto done = key->set(config, setting.value);
      if (!done) {
        std::string message = done.error().message;
        // The message quotes the value, which nobody should see in a log.
        if (key->info.secret) message = "has a bad value";
        problems.push_back({kBadValue, setting.where, setting.key, std::move(message)});
        continue;
      }
      config.origins[setting.key] = {source, setting.where};
    }
  }

  [[nodiscard]] std::string where(const std::string& key) const {
    return origin_of(config, key).where;
  }
  [[nodiscard]] bool is_default(const std::string& key) const {
    return !config.origins.contains(key);
  }
  void problem(const std::string& key, std::string message) {
    problems.push_back({kBadValue, where(key), key, std::move(message)});
  }
};

void apply_public(Loading& loading) {
  auto& config = loading.config;
  if (!config.security.public_) return;
  const Origin by_public{Source::derived, "public"};
  if (loading.is_default("web.listen")) {
    config.web.listen = ":5000";
    config.origins["web.listen"] = by_public;
  }
  if (loading.is_default("signaling.listen")) {
    config.signaling.listen = ":8443";
    config.origins["signaling.listen"] = by_public;
  }
  if (loading.is_default("ice.local_addresses")) {
    config.ice.local_addresses.clear();
    config.origins["ice.local_addresses"] = by_public;
  }
}

void check_certificate(Loading& loading, const std::string& section, const std::string& certificate,
                       const std::string& key) {
  if (certificate.empty() != key.empty()) {
    const bool has_key = certificate.empty();
    loading.problem(section + (has_key ? ".key" : ".certificate"),
                    "needs " + section + (has_key ? ".certificate" : ".key") + " too");
    return;
  }
  std::error_code ignored;
  if (!certificate.empty() && !fs::is_regular_file(certificate, ignored)) {
    loading.problem(section + ".certificate", "\"" + certificate + "\" is not a file");
  }
  if (!key.empty() && !fs::is_regular_file(key, ignored)) {
    loading.problem(section + ".key", "\"" + key + "\" is not a file");
  }
}

/// What only shows when several values are seen together.
void check_together(Loading& loading) {
  const auto& config = loading.config;
  check_certificate(loading, "web", config.web.certificate, config.web.key);
  check_certificate(loading, "signaling", config.signaling.certificate, config.signaling.key);
  if (!config.web.base_path.empty() && !config.web.external_url.empty()) {
    config::Config by_url = config;
    by_url.web.base_path.clear();
    if (by_url.base_path() != config.base_path()) {
      loading.problem("web.base_path", "is not the path of web.external_url (" +
                                           config.web.external_url +
                                           "); leave one of the two out");
    }
  }
  if ((config.ice.min_port == 0) != (config.ice.max_port == 0) ||
      config.ice.min_port > config.ice.max_port) {
    loading.problem(loading.is_default("ice.max_port") ? "ice.min_port" : "ice.max_port",
                    "ice.min_port and ice.max_port must be set together, the lower one first");
  }
  if (config.media.stale_after > config.media.offline_after) {
    loading.problem("media.stale_after", "must not be longer than media.offline_after");
  }
  if (config.publish.mode == PublishMode::legacy && config.publish.url.empty()) {
    loading.problem("publish.mode", "\"legacy\" needs publish.url, the server to publish to");
  }
}

Result<void> create_data_dir(const std::string& path) {
  std::error_code code;
  const bool existed = fs::exists(path, code);
  fs::create_directories(path, code);
  if (!existed && !code) {
    // Keys and the database live here: for nobody else's eyes.
    fs::permissions(path, fs::perms::owner_all, fs::perm_options::replace, code);
  }
  if (code || !fs::is_directory(path, code) || ::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return Error{kDataDir, "the data directory " + path +
                               " cannot be made or written; choose another with --data"};
  }
  return {};
}

Loading read_all(const LoadOptions& options) {
  Loading loading;
  std::error_code code;
  const fs::path current = fs::current_path(code);

  std::string file = options.file.value_or("");
  if (!options.file) {
    for (const auto& candidate : options.search) {
      if (fs::exists(candidate, code)) {
        file = candidate;
        break;
      }
    }
  }
  if (!file.empty() || options.file) {
    loading.apply(read_toml(file, loading.problems), fs::absolute(file, code).parent_path(),
                  Source::file);
    loading.config.file = file;
  }
  loading.apply(read_environment(options.environment, loading.problems), current,
                Source::environment);
  loading.apply(read_overrides(options.overrides, loading.problems), current,
                Source::command_line);
  if (options.public_) {
    loading.config.security.public_ = true;
    loading.config.origins["security.public"] = {Source::command_line, "--public"};
  }
  apply_public(loading);

  auto data = data_directory(options);
  if (!data) {
    loading.problems.push_back({data.error().name, "", "", data.error().message});
  } else {
    loading.config.data_dir = *data;
    if (loading.config.database.url.empty()) {
      loading.config.database.url = "sqlite:" + *data + "/surveillx.db";
    }
    if (loading.config.security.key_file.empty()) {
      loading.config.security.key_file = *data + "/keys/master.key";
    }
  }
  if (loading.config.attendance.timezone.empty()) {
    loading.config.attendance.timezone = system_timezone(options.environment);
    loading.config.origins["attendance.timezone"] = {Source::derived, "system"};
  }
  check_together(loading);
  return loading;
}

}  // namespace

std::map<std::string, std::string> process_environment() {
  Environment result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = text.substr(0, equals);
    if (name.starts_with("SURVEILLX_") || name == "TZ" || name == "HOME" ||
        name == "XDG_DATA_HOME") {
      result[std::string(name)] = std::string(text.substr(equals + 1));
    }
  }
  return result;
}

std::string Problem::text() const {
  std::string result = where;
  if (!key.empty()) result += (result.empty() ? "" : ": ") + key;
  return printable(result + (result.empty() ? "" : ": ") + message);
}

Result<std::string> data_directory(const LoadOptions& options) {
  std::error_code code;
  const fs::path current = fs::current_path(code);
  if (options.data_dir && !options.data_dir->empty()) return absolute(*options.data_dir, current);
  if (const auto xdg = variable(options.environment, "XDG_DATA_HOME"); !xdg.empty()) {
    return absolute(xdg + "/surveillx", current);
  }
  if (const auto home = variable(options.environment, "HOME"); !home.empty()) {
    return absolute(home + "/.local/share/surveillx", current);
  }
  return Error{kDataDir,
               "there is no data directory: neither --data, $XDG_DATA_HOME nor $HOME is set"};
}

std::string system_timezone(const std::map<std::string, std::string>& environment) {
  std::string zone = variable(environment, "TZ");
  if (zone.starts_with(':')) zone = zone.substr(1);
  if (!zone.empty() && check_timezone(zone)) return zone;
  std::error_code code;
  const std::string target = fs::canonical("/etc/localtime", code).string();
  constexpr std::string_view kFolder = "zoneinfo/";
  if (const auto found = target.find(kFolder); !code && found != std::string::npos) {
    zone = target.substr(found + kFolder.size());
    // `Etc/UTC` has many spellings; the short one is what people expect to read.
    if (zone == "Etc/UTC" || zone == "Etc/UCT" || zone == "UCT" || zone == "Zulu") return "UTC";
    if (check_timezone(zone)) return zone;
  }
  std::ifstream in("/etc/timezone");
  if (std::getline(in, zone) && check_timezone(trim(zone))) {
    return trim(zone) == "Etc/UTC" ? "UTC" : trim(zone);
  }
  return "UTC";
}

std::vector<Problem> check(const LoadOptions& options) { return read_all(options).problems; }

Origin origin_of(const Config& config, std::string_view key) {
  const auto found = config.origins.find(key);
  return found == config.origins.end() ? Origin{} : found->second;
}

std::vector<Explained> explain(const Config& config) {
  std::vector<Explained> values;
  for (const auto& key : key_table()) {
    auto origin = origin_of(config, key.info.name);
    values.push_back({std::string(key.info.name), shown(key, key.get(config)),
                      std::move(origin.where), origin.source, key.info.secret,
                      key.info.needs_restart});
  }
  return values;
}

Result<Config> load(const LoadOptions& options) {
  Loading loading = read_all(options);
  if (!loading.problems.empty()) {
    const auto& first = loading.problems.front();
    std::string message = first.text();
    if (const auto more = loading.problems.size() - 1; more > 0) {
      message +=
          " (and " + std::to_string(more) + " more; `surveillx config check` lists all of them)";
    }
    return Error{first.name, std::move(message)};
  }
  if (options.create_data_dir) {
    if (auto made = create_data_dir(loading.config.data_dir); !made) return made.error();
    const auto web = loading.config.web_tls();
    const auto signaling = loading.config.signaling_tls();
    if ((web && web->self_signed) || (signaling && signaling->self_signed)) {
      if (auto made = create_data_dir(loading.config.data_dir + "/tls"); !made) return made.error();
    }
  }
  return std::move(loading.config);
}

}  // namespace surveillx::config
