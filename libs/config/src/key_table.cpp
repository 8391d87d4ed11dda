#include "key_table.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/config/hide_password.hpp"
#include "surveillx/config/load.hpp"
#include "surveillx/domain/node_name.hpp"

#include "values.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

namespace surveillx::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A field of a section of Config: `at(&Config::web, &Web::listen)`.
template <class Section, class T>
struct Field {
  Section Config::*section;
  T Section::*member;
  T& in(Config& config) const { return config.*section.*member; }
  const T& in(const Config& config) const { return config.*section.*member; }
};
template <class Section, class T>
Field<Section, T> at(Section Config::*section, T Section::*member) {
  return {section, member};
}

using Check = std::function<Result<void>(std::string_view)>;

Result<void> anything(std::string_view) { return {}; }

KeyInfo info(std::string_view name, Type type, std::string_view help) {
  KeyInfo result;
  result.name = name;
  result.type = type;
  result.help = help;
  return result;
}

template <class S>
Key text(std::string_view name, Type type, Field<S, std::string> field, std::string_view help,
         Check check = anything) {
  return {info(name, type, help),
          [field, check](Config& c, std::string_view value) -> Result<void> {
            // Empty means "as if it was not set" for every optional text.
            if (!value.empty()) {
              if (auto ok = check(value); !ok) return ok;
            }
            field.in(c) = std::string(value);
            return {};
          },
          [field](const Config& c) { return field.in(c); }};
}

template <class S>
Key required(std::string_view name, Type type, Field<S, std::string> field, std::string_view help,
             Check check) {
  return {info(name, type, help),
          [field, check](Config& c, std::string_view value) -> Result<void> {
            if (auto ok = check(value); !ok) return ok;
            field.in(c) = std::string(value);
            return {};
          },
          [field](const Config& c) { return field.in(c); }};
}

template <class S>
Key list(std::string_view name, Field<S, std::vector<std::string>> field, std::string_view help,
         Check check) {
  return {info(name, Type::text_list, help),
          [field, check](Config& c, std::string_view value) -> Result<void> {
            for (const auto& url : urls_as_written(value)) {
              // Told before anything is said about one half of a password.
              if (url.find('@') != std::string::npos && url.find(',') != std::string::npos) {
                return Error{kBadValue, "a comma in a user name or password has to be written %2C"};
              }
            }
            auto items = split_list(value);
            for (const auto& item : items) {
              if (auto ok = check(item); !ok) return ok;
            }
            field.in(c) = std::move(items);
            return {};
          },
          [field](const Config& c) { return join_list(field.in(c)); }};
}

template <class S, class T>
Key integer(std::string_view name, Field<S, T> field, std::int64_t min, std::int64_t max,
            std::string_view help) {
  return {info(name, Type::integer, help),
          [field, min, max](Config& c, std::string_view value) -> Result<void> {
            auto number = parse_integer(value, min, max);
            if (!number) return number.error();
            field.in(c) = static_cast<T>(*number);
            return {};
          },
          [field](const Config& c) { return std::to_string(field.in(c)); }};
}

template <class S>
Key number(std::string_view name, Field<S, double> field, double min, double max,
           std::string_view help) {
  return {info(name, Type::number, help),
          [field, min, max](Config& c, std::string_view value) -> Result<void> {
            auto parsed = parse_number(value, min, max);
            if (!parsed) return parsed.error();
            field.in(c) = *parsed;
            return {};
          },
          [field](const Config& c) { return format_number(field.in(c)); }};
}

template <class S>
Key boolean(std::string_view name, Field<S, bool> field, std::string_view help) {
  return {info(name, Type::boolean, help),
          [field](Config& c, std::string_view value) -> Result<void> {
            auto parsed = parse_boolean(value);
            if (!parsed) return parsed.error();
            field.in(c) = *parsed;
            return {};
          },
          [field](const Config& c) { return std::string(field.in(c) ? "true" : "false"); }};
}

template <class S>
Key duration(std::string_view name, Field<S, milliseconds> field, milliseconds min,
             milliseconds max, std::string_view help) {
  return {info(name, Type::duration, help),
          [field, min, max](Config& c, std::string_view value) -> Result<void> {
            auto parsed = parse_duration(value, min, max);
            if (!parsed) return parsed.error();
            field.in(c) = *parsed;
            return {};
          },
          [field](const Config& c) { return format_duration(field.in(c)); }};
}

template <class S, class E>
Key choice(std::string_view name, Field<S, E> field,
           const std::vector<std::pair<std::string_view, E>>& choices, std::string_view help) {
  Key key{info(name, Type::choice, help),
          [field, choices](Config& c, std::string_view value) -> Result<void> {
            std::string all;
            std::vector<std::string_view> names;
            for (const auto& [text, meaning] : choices) {
              if (text == value) {
                field.in(c) = meaning;
                return {};
              }
              all += (all.empty() ? "" : ", ") + std::string(text);
              names.push_back(text);
            }
            const std::string near = nearest(value, names);
            return Error{kBadValue, "\"" + std::string(value) + "\" is none of " + all +
                                        (near.empty() ? "" : "; did you mean \"" + near + "\"?")};
          },
          [field, choices](const Config& c) {
            for (const auto& [text, meaning] : choices) {
              if (meaning == field.in(c)) return std::string(text);
            }
            return std::string();
          }};
  for (const auto& [text, meaning] : choices) key.info.choices.push_back(text);
  return key;
}

Key secret(Key key) {
  key.info.secret = true;
  return key;
}

Check url_of(std::vector<std::string_view> schemes) {
  return
      [schemes = std::move(schemes)](std::string_view value) { return check_url(value, schemes); };
}
Check ice_url_of(std::vector<std::string_view> schemes) {
  return [schemes = std::move(schemes)](std::string_view value) {
    return check_ice_url(value, schemes);
  };
}
Result<void> check_listen(std::string_view value) {
  auto address = parse_listen(value);
  if (!address) return address.error();
  return {};
}
Result<void> check_level(std::string_view value) {
  auto level = log::parse_level(value);
  if (!level) {
    return Error{kBadValue,
                 "\"" + std::string(value) + "\" is none of debug, info, warn, error, off"};
  }
  return {};
}

Result<void> check_node_name(std::string_view value) {
  if (domain::is_node_name(value)) return {};
  return Error{kBadValue, "\"" + std::string(value) +
                              "\" is not a node's name such as north: up to 64 letters, digits, -, _ "
                              "and ., beginning with a letter or a digit"};
}

/// Long enough that guessing is hopeless.
Result<void> check_token(std::string_view value) {
  if (value.size() >= 16) return {};
  return Error{kBadValue, "a token needs at least 16 characters"};
}

void add_servers(std::vector<Key>& keys) {
  keys.push_back(required("web.listen", Type::listen, at(&Config::web, &Web::listen),
                          "Where the dashboard and the API listen.", check_listen));
  keys.push_back(text("web.certificate", Type::path, at(&Config::web, &Web::certificate),
                      "Certificate chain (PEM); with web.key the dashboard is served over HTTPS."));
  keys.push_back(text("web.key", Type::path, at(&Config::web, &Web::key),
                      "Private key (PEM) of web.certificate."));
  keys.push_back(integer("web.session_hours", at(&Config::web, &Web::session_hours), 1, 24 * 365,
                         "How long a login lasts that is not used."));
  keys.push_back(integer("web.session_max_days", at(&Config::web, &Web::session_max_days), 1, 3650,
                         "How long a login lasts at most, however much it is used."));
  keys.push_back(integer("web.max_sockets_per_session",
                         at(&Config::web, &Web::max_sockets_per_session), 1, 1000,
                         "Live connections one login may have."));
  keys.push_back(list("web.allowed_origins", at(&Config::web, &Web::allowed_origins),
                      "Further origins that browsers may come from, for a reverse proxy.",
                      url_of({"http", "https"})));
  keys.push_back(list("web.trusted_proxies", at(&Config::web, &Web::trusted_proxies),
                      "Reverse proxies (addresses, networks) that are believed about their clients.",
                      check_network));
  keys.push_back(text("web.external_url", Type::url, at(&Config::web, &Web::external_url),
                      "Where browsers reach the dashboard through a proxy, with its path.",
                      check_external_url));
  keys.push_back(text("web.base_path", Type::text, at(&Config::web, &Web::base_path),
                      "The path under which a proxy shows the dashboard, such as /sx.",
                      check_base_path));

  keys.push_back(required("signaling.listen", Type::listen,
                          at(&Config::signaling, &Signaling::listen),
                          "Where cameras reach the signalling WebSocket.", check_listen));
  keys.push_back(text("signaling.certificate", Type::path,
                      at(&Config::signaling, &Signaling::certificate),
                      "Certificate chain (PEM) for signalling; empty: that of [web]."));
  keys.push_back(text("signaling.key", Type::path, at(&Config::signaling, &Signaling::key),
                      "Private key (PEM) of signaling.certificate."));
  keys.push_back(duration("signaling.offer_timeout",
                          at(&Config::signaling, &Signaling::offer_timeout), milliseconds(100),
                          minutes(10), "How long a camera has to send its offer."));
  keys.push_back(integer("signaling.max_unauthenticated",
                         at(&Config::signaling, &Signaling::max_unauthenticated), 1, 10'000,
                         "Sockets that have not shown a valid token yet."));
  keys.push_back(integer("signaling.offers_per_minute",
                         at(&Config::signaling, &Signaling::offers_per_minute), 1, 100'000,
                         "Offers of one camera that are looked at, over all its sockets."));
  keys.push_back(integer("signaling.max_message_bytes",
                         at(&Config::signaling, &Signaling::max_message_bytes), 1024,
                         16 * 1024 * 1024, "The largest signalling message."));
}

void add_media(std::vector<Key>& keys) {
  keys.push_back(text("ice.stun", Type::url, at(&Config::ice, &Ice::stun),
                      "STUN server, stun:HOST:PORT.", ice_url_of({"stun", "stuns"})));
  keys.push_back(list("ice.turn", at(&Config::ice, &Ice::turn),
                      "TURN servers, turn:[USER:PASSWORD@]HOST:PORT[?transport=tcp].",
                      ice_url_of({"turn", "turns"})));
  keys.push_back(secret(text("ice.turn_secret", Type::text, at(&Config::ice, &Ice::turn_secret),
                             "coturn's static-auth-secret, for short-lived TURN users.")));
  keys.push_back(duration("ice.turn_lifetime", at(&Config::ice, &Ice::turn_lifetime), minutes(1),
                          hours(24 * 30), "How long such a TURN user is valid."));
  keys.push_back(list("ice.local_addresses", at(&Config::ice, &Ice::local_addresses),
                      "Addresses that ICE uses; empty: all of this machine.", check_ip_address));
  keys.push_back(integer("ice.min_port", at(&Config::ice, &Ice::min_port), 0, 65535,
                         "Lowest UDP port for media; 0: any."));
  keys.push_back(integer("ice.max_port", at(&Config::ice, &Ice::max_port), 0, 65535,
                         "Highest UDP port for media; 0: any."));

  keys.push_back(text("media.node", Type::text, at(&Config::media, &Media::node),
                      "This media process's name where several serve one web; empty: the only one.",
                      check_node_name));
  keys.push_back(integer("media.max_cameras", at(&Config::media, &Media::max_cameras), 1, 10'000,
                         "Camera sessions at the same time."));
  keys.push_back(duration("media.stale_after", at(&Config::media, &Media::stale_after),
                          milliseconds(100), minutes(10),
                          "Without a frame for so long a camera is stale."));
  keys.push_back(duration("media.offline_after", at(&Config::media, &Media::offline_after),
                          milliseconds(100), minutes(10),
                          "Without a frame for so long a camera is offline."));
  keys.push_back(duration("media.end_after", at(&Config::media, &Media::end_after),
                          milliseconds(100), minutes(60),
                          "Without a frame for so long a session ends."));
  keys.push_back(integer("media.max_width", at(&Config::media, &Media::max_width), 16, 16'384,
                         "Widest picture that is decoded."));
  keys.push_back(integer("media.max_height", at(&Config::media, &Media::max_height), 16, 16'384,
                         "Highest picture that is decoded."));
  keys.push_back(integer("media.jpeg_quality", at(&Config::media, &Media::jpeg_quality), 1, 100,
                         "JPEG quality of live pictures."));

  keys.push_back(choice<Vision, Engine>("vision.engine", at(&Config::vision, &Vision::engine),
                                        {{"auto", Engine::auto_},
                                         {"yunet+dlib", Engine::yunet_dlib},
                                         {"yunet+onnx", Engine::yunet_onnx},
                                         {"builtin", Engine::builtin}},
                                        "Which engine recognises faces."));
  keys.push_back(text("vision.models", Type::path, at(&Config::vision, &Vision::models),
                      "Folder of weights (also $SURVEILLX_MODELS)."));
  keys.push_back(integer("vision.threads", at(&Config::vision, &Vision::threads), 0, 256,
                         "Threads for recognition; 0: chosen by the machine."));
  keys.push_back(number("vision.max_fps", at(&Config::vision, &Vision::max_fps), 0.1, 60,
                        "Detections a second and camera at most."));
  keys.push_back(number("vision.threshold", at(&Config::vision, &Vision::threshold), 0, 1'000,
                        "Largest distance that is a match; 0: the model's own."));
  keys.push_back(number("vision.margin", at(&Config::vision, &Vision::margin), 0, 1'000,
                        "Least distance between best and second best; 0: the model's own."));
  keys.push_back(integer("vision.min_face_px", at(&Config::vision, &Vision::min_face_px), 0, 4'096,
                         "Narrowest face that is looked at; 0: the model's own."));
  keys.push_back(boolean("vision.enabled", at(&Config::vision, &Vision::enabled),
                         "Whether faces are recognised at all."));
}

void add_rest(std::vector<Key>& keys) {
  keys.push_back(text("attendance.timezone", Type::text,
                      at(&Config::attendance, &Attendance::timezone),
                      "IANA time zone of the site; empty: the system's.", check_timezone));
  keys.push_back(duration("attendance.window", at(&Config::attendance, &Attendance::window),
                          milliseconds(100), hours(24),
                          "A person who stays gets a sighting this often."));

  keys.push_back(text("database.url", Type::url, at(&Config::database, &Database::url),
                      "sqlite:PATH or postgresql://...; empty: SQLite in the data directory.",
                      check_database_url));
  keys.push_back(integer("database.connections", at(&Config::database, &Database::connections), 1,
                         64, "Connections a process opens."));

  keys.push_back(choice<Publish, PublishMode>(
      "publish.mode", at(&Config::publish, &Publish::mode),
      {{"internal", PublishMode::internal}, {"legacy", PublishMode::legacy}},
      "internal: to surveillx web; legacy: to a plain Socket.IO application."));
  keys.push_back(text("publish.url", Type::url, at(&Config::publish, &Publish::url),
                      "The Socket.IO server that pictures go to; empty: [web].",
                      url_of({"http", "https"})));
  keys.push_back(secret(text("publish.token", Type::text, at(&Config::publish, &Publish::token),
                             "Media's token there; empty: derived from the installation's key.")));
  keys.push_back(number("publish.fps", at(&Config::publish, &Publish::fps), 0.1, 60,
                        "Frames a second in legacy mode."));
  keys.push_back(integer("publish.width", at(&Config::publish, &Publish::width), 16, 4'096,
                         "Width of pictures in legacy mode."));
  keys.push_back(boolean("publish.detections", at(&Config::publish, &Publish::detections),
                         "Whether legacy mode sends names and boxes too."));

  keys.push_back(text("security.key_file", Type::path, at(&Config::security, &Security::key_file),
                      "The installation's key; hosts that share a database share it."));
  keys.push_back(boolean("security.public", at(&Config::security, &Security::public_),
                         "Listen on all addresses, with TLS."));
  keys.push_back(integer("security.login_attempts",
                         at(&Config::security, &Security::login_attempts), 1, 10'000,
                         "Failed logins a user name and address have within the window."));
  keys.push_back(duration("security.login_window", at(&Config::security, &Security::login_window),
                          seconds(1), hours(24), "The window of security.login_attempts."));
  keys.push_back(choice<Security, Hsts>(
      "security.hsts", at(&Config::security, &Security::hsts),
      {{"auto", Hsts::auto_}, {"always", Hsts::always}, {"never", Hsts::never}},
      "Tell browsers to use HTTPS alone; auto: unless the certificate is self-signed."));
  keys.push_back(secret(text("security.metrics_token", Type::text,
                             at(&Config::security, &Security::metrics_token),
                             "Bearer token that may read /metrics, for a monitoring system.",
                             check_token)));

  keys.push_back(required("log.level", Type::choice, at(&Config::log, &Log::level),
                          "How much is logged.", check_level));
  keys.back().info.choices = {"debug", "info", "warn", "error", "off"};
}

}  // namespace

const std::vector<Key>& key_table() {
  static const std::vector<Key> table = [] {
    std::vector<Key> keys;
    add_servers(keys);
    add_media(keys);
    add_rest(keys);
    const Config defaults;
    for (auto& key : keys) key.info.default_text = key.get(defaults);
    return keys;
  }();
  return table;
}

const Key* find_key(std::string_view name) {
  for (const auto& key : key_table()) {
    if (key.info.name == name) return &key;
  }
  return nullptr;
}

const std::vector<std::string_view>& section_names() {
  static const std::vector<std::string_view> names{"web",      "signaling",  "ice",      "media",
                                                   "vision",   "attendance", "database", "publish",
                                                   "security", "log"};
  return names;
}

bool holds_secret(const Key& key, const std::string& value) {
  if (key.info.secret) return !value.empty();
  if (key.info.type == Type::url) return has_password(value);
  if (key.info.type != Type::text_list) return false;
  const auto urls = urls_as_written(value);
  return std::any_of(urls.begin(), urls.end(), has_password);
}

std::string shown(const Key& key, const std::string& value) {
  if (value.empty()) return value;
  if (key.info.secret) return "********";
  if (key.info.type == Type::url) return hide_password(value);
  if (key.info.type != Type::text_list) return value;
  auto urls = urls_as_written(value);
  for (auto& url : urls) url = hide_password(url);
  return join_list(urls);
}

}  // namespace surveillx::config
