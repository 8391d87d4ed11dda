#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "surveillx/base/error.hpp"
#include "surveillx/config/config.hpp"

namespace surveillx::mediaserver {

struct MediaServerOptions {
  config::Config config;
  std::string version;
  /// Called on the event loop every `heartbeat_every` while it serves, to prove that the loop runs and
  /// that the database is followed, so that revoked tokens end sessions.
  std::function<void()> heartbeat;
  std::chrono::milliseconds heartbeat_every{0};  ///< 0: never.
};

/// The media process as an object: signalling, WebRTC sessions, recognition, the outbox and its
/// drainer, and the publisher. docs/threading.md says what runs where, docs/teardown.md how it ends.
class MediaServer {
 public:
  /// Opens everything in order and returns once cameras can connect. Named errors of the parts:
  /// `key_file_*`, `database_unavailable`, `schema_too_old`, `outbox_in_use`, `models_missing`,
  /// `port_in_use`, `bad_certificate`, `unavailable` (a GStreamer plugin is missing), ...
  [[nodiscard]] static Result<std::unique_ptr<MediaServer>> start(MediaServerOptions options);
  /// Stops in the order of docs/teardown.md: nothing that was recorded is lost, open tracks make
  /// their last sightings.
  virtual ~MediaServer() = default;

  [[nodiscard]] virtual std::uint16_t signaling_port() const = 0;
  /// `ws://127.0.0.1:8443`, for people.
  [[nodiscard]] virtual const std::string& signaling_url() const = 0;
};

}  // namespace surveillx::mediaserver
