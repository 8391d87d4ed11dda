#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "surveillx/ice/servers.hpp"

/// What an operator may set, as plain values. `load.hpp` fills it; `keys.hpp` describes every key.
/// A Config is a value: copy it, keep parts of it, share it between threads as const.
namespace surveillx::config {

/// Which engine recognises faces; `auto_` takes the best whose weights are present.
enum class Engine { auto_, yunet_dlib, yunet_onnx, builtin };

/// Where media sends pictures: our own web process, or a plain Socket.IO application.
enum class PublishMode { internal, legacy };

/// Whether browsers are told to use HTTPS alone (RFC 6797); `auto_`: when the certificate is not a
/// self-signed one.
enum class Hsts { auto_, always, never };

struct Web {
  std::string listen = "127.0.0.1:5000";
  std::string certificate;  ///< PEM chain; with `key`: HTTPS.
  std::string key;
  int session_hours = 12;
  int session_max_days = 30;
  int max_sockets_per_session = 256;
  /// Origins besides our own that a browser may use, for a reverse proxy:
  /// `https://cameras.example`.
  std::vector<std::string> allowed_origins;
  /// Reverse proxies whose word about their clients is believed: addresses and networks.
  std::vector<std::string> trusted_proxies;
  /// Where browsers reach the dashboard, `https://cameras.example/sx`; empty: at `listen`.
  std::string external_url;
  /// The path under which a proxy shows the dashboard, `/sx`; empty: that of `external_url`.
  std::string base_path;
};

struct Signaling {
  std::string listen = "127.0.0.1:8443";
  std::string certificate;  ///< Empty: as [web].
  std::string key;
  std::chrono::milliseconds offer_timeout{10'000};
  int max_unauthenticated = 64;
  int offers_per_minute = 6;  ///< Of one camera, over all its sockets.
  std::int64_t max_message_bytes = 256 * 1024;
};

struct Ice {
  std::string stun;               ///< `stun:HOST[:PORT]`; empty: none.
  std::vector<std::string> turn;  ///< `turn[s]:[USER:PASSWORD@]HOST[:PORT][?transport=tcp]`
  std::string turn_secret;        ///< Shared with coturn (`static-auth-secret`): short-lived users.
  std::chrono::milliseconds turn_lifetime{std::chrono::hours(24)};
  /// Addresses that candidates are gathered on; empty: every one of the machine.
  std::vector<std::string> local_addresses{"127.0.0.1"};
  std::uint16_t min_port = 0;  ///< 0 with `max_port` 0: whatever the system gives.
  std::uint16_t max_port = 0;

  /// STUN, TURN and their accounts, for `ice::servers_for`.
  [[nodiscard]] ice::ServerPlan servers() const;
};

struct Media {
  /// Tells this media process apart where several serve one web; empty: the only one.
  std::string node;
  int max_cameras = 64;
  std::chrono::milliseconds stale_after{2'000};
  std::chrono::milliseconds offline_after{5'000};
  std::chrono::milliseconds end_after{10'000};  ///< A session without frames ends.
  int max_width = 4096;
  int max_height = 2304;
  int jpeg_quality = 80;
};

struct Vision {
  Engine engine = Engine::auto_;
  std::string models;    ///< Folder of weights; empty: only the data directory's.
  int threads = 0;       ///< 0: chosen by the machine.
  double max_fps = 10;   ///< Detections a second and camera at most.
  double threshold = 0;  ///< Largest distance that is a match; 0: the model's own.
  double margin = 0;     ///< Distance to the second best person; 0: the model's own.
  int min_face_px = 0;   ///< Narrowest face that is looked at; 0: the model's own.
  bool enabled = true;
};

struct Attendance {
  std::string timezone;  ///< IANA name; never empty after loading.
  std::chrono::milliseconds window{60'000};
};

struct Database {
  /// `sqlite:PATH` or `postgresql://...`. After loading never empty: SQLite in the data directory.
  std::string url;
  int connections = 4;
};

struct Publish {
  PublishMode mode = PublishMode::internal;
  std::string url;    ///< Empty in internal mode: the [web] of this configuration.
  std::string token;  ///< Empty in internal mode: derived from the installation's key.
  double fps = 10;    ///< Legacy mode only, as `width` and `detections`.
  int width = 640;
  bool detections = false;
};

struct Security {
  std::string key_file;     ///< After loading never empty: `keys/master.key` in the data directory.
  bool public_ = false;     ///< `--public`, `security.public`: listen on all addresses, with TLS.
  int login_attempts = 10;  ///< Failures a user name and address have within `login_window`.
  std::chrono::milliseconds login_window{std::chrono::minutes(5)};
  Hsts hsts = Hsts::auto_;
  /// Whoever shows it as a bearer token may read /metrics of both processes; empty: nobody.
  std::string metrics_token;
};

struct Log {
  std::string level = "info";
};

/// By which way a key got its value.
enum class Source {
  default_,
  file,
  environment,
  command_line,
  derived,  ///< From another key (`security.public`), from the machine, or from the database.
};

struct Origin {
  Source source = Source::default_;
  std::string where = "default";  ///< `surveillx.toml:3`, `$SURVEILLX_...`, `flag`, `public`, `system`.
};

/// Certificate and key of a listener.
struct Tls {
  std::string certificate;
  std::string key;
  bool self_signed = false;        ///< Ours: made when absent, renewed before it ends.
  std::vector<std::string> names;  ///< Of a self-signed one, besides what the machine is called.
};

struct Config {
  Web web;
  Signaling signaling;
  Ice ice;
  Media media;
  Vision vision;
  Attendance attendance;
  Database database;
  Publish publish;
  Security security;
  Log log;

  std::string data_dir;  ///< Absolute; exists with mode 0700 once loaded.
  std::string file;      ///< The configuration file that was read; empty: none.
  /// Of each key that was not left at its default; `explain` shows them beside the values.
  std::map<std::string, Origin, std::less<>> origins;

  /// TLS of a listener: the given certificate; with `security.public` and none given the
  /// self-signed one in `data_dir/tls/`; otherwise nothing, which is plain TCP.
  [[nodiscard]] std::optional<Tls> web_tls() const;
  [[nodiscard]] std::optional<Tls> signaling_tls() const;

  /// Where media finds web in internal mode: `publish.url`, else this machine's `web.listen`
  /// (loopback when it listens on every address), for example `http://127.0.0.1:5000`.
  [[nodiscard]] std::string web_url() const;
  /// `ws[s]://HOST:PORT` of `signaling.listen`, as cameras on this machine reach it.
  [[nodiscard]] std::string signaling_url() const;

  /// `/sx`, without a slash at its end; empty at the root.
  [[nodiscard]] std::string base_path() const;
  /// Scheme, host and port of `web.external_url` as browsers write an origin; empty: none is set.
  [[nodiscard]] std::string external_origin() const;
  /// The configuration speaks of a proxy and does not say which: nobody may count as loopback.
  [[nodiscard]] bool has_unnamed_proxy() const;

  [[nodiscard]] std::string keys_dir() const { return data_dir + "/keys"; }
  [[nodiscard]] std::string outbox_dir() const { return data_dir + "/outbox"; }
  [[nodiscard]] std::string models_dir() const { return data_dir + "/models"; }
};

}  // namespace surveillx::config
