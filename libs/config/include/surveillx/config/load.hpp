#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/config/config.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Loading: file, environment, flags, in rising order. Not thread-safe against changes
/// of the environment; call it once, at the start of a command.
namespace surveillx::config {

inline constexpr ErrorName kConfigUnreadable{"config_unreadable"};
inline constexpr ErrorName kConfigSyntax{"config_syntax"};
inline constexpr ErrorName kUnknownKey{"unknown_key"};
inline constexpr ErrorName kBadValue{"bad_value"};
inline constexpr ErrorName kDataDir{"data_dir"};
/// A flag's value is or holds a secret.
inline constexpr ErrorName kSecretInArguments{"secret_in_arguments"};

/// The variables of this process that start with `SURVEILLX_`, and `TZ`, `HOME`, `XDG_DATA_HOME`.
[[nodiscard]] std::map<std::string, std::string> process_environment();

struct LoadOptions {
  std::optional<std::string> file;      ///< `--config`; it must exist then.
  std::optional<std::string> data_dir;  ///< `--data`
  std::vector<std::string> overrides;   ///< Flags: `section.key=value`, the last one wins.
  bool public_ = false;                 ///< `--public`
  std::map<std::string, std::string> environment = process_environment();
  /// Where a file is looked for without `--config`; the first that exists is read.
  std::vector<std::string> search{"surveillx.toml", "/etc/surveillx/surveillx.toml"};
  bool create_data_dir = true;  ///< `config check` leaves the disk alone.
};

/// One thing that is wrong with a configuration, in words for its author.
struct Problem {
  ErrorName name;
  std::string where;  ///< `surveillx.toml:12`, `$SURVEILLX_WEB_LISTEN` or `--set web.listen`.
  std::string key;    ///< `web.listen`; empty when no key is meant.
  std::string message;

  /// `surveillx.toml:12: web.lisen: unknown key; did you mean "web.listen"?`
  [[nodiscard]] std::string text() const;
};

/// One key's value and where it came from. Secrets are `********`, passwords in URLs `***`.
struct Explained {
  std::string key;
  std::string value;
  std::string origin;  ///< `Origin::where`, or `--public`.
  Source source = Source::default_;
  bool secret = false;
  bool needs_restart = true;
};

/// Every key as it is in `config` now, in the table's order.
[[nodiscard]] std::vector<Explained> explain(const Config& config);

/// Where a key's value came from.
[[nodiscard]] Origin origin_of(const Config& config, std::string_view key);

/// The configuration, or the first problem with a note on how many more there are.
[[nodiscard]] Result<Config> load(const LoadOptions& options = {});

/// Every problem; empty when `load` would succeed.
[[nodiscard]] std::vector<Problem> check(const LoadOptions& options = {});

/// `--data`, else `$XDG_DATA_HOME/surveillx`, else `~/.local/share/surveillx`; absolute, not
/// created.
[[nodiscard]] Result<std::string> data_directory(const LoadOptions& options);

/// The system's IANA zone: `TZ`, else the target of /etc/localtime, else `UTC`.
[[nodiscard]] std::string system_timezone(const std::map<std::string, std::string>& environment);

}  // namespace surveillx::config
