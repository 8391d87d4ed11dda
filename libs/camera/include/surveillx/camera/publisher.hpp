#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/camera/back_off.hpp"
#include "surveillx/camera/source.hpp"
#include "surveillx/ice/server.hpp"
#include "surveillx/net/client.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::camera {

inline constexpr ErrorName kRefused{"unauthorized"};
inline constexpr ErrorName kTakenOver{"taken_over"};

enum class Codec { vp8, h264 };
enum class IcePolicy { all, relay };

struct PublisherOptions {
  std::string server;  ///< ws[s]://HOST:PORT
  std::string token;
  std::string name;  ///< What the server's log may call this client.
  SourceSpec source;
  VideoFormat format;
  Codec codec = Codec::vp8;
  int bitrate_kbps = 0;  ///< 0: by the size, 2500 at 1280x720.
  IcePolicy ice_policy = IcePolicy::all;
  std::vector<ice::Server> ice_servers;  ///< Besides those that `welcome` names.
  net::TlsTrust trust;
  BackOff::Options back_off;
};

/// connecting -> connected (the token was accepted) -> live (video flows); waiting: a try failed,
/// the next one comes later.
enum class PublisherState { connecting, connected, live, waiting };
[[nodiscard]] std::string_view to_string(PublisherState state);

/// Publishes one source to one server: signalling, WebRTC sender, and new tries for ever, except
/// after close 4401 (`unauthorized`) and 4409 (`taken_over`). Has a loop thread of its own.
class Publisher {
 public:
  struct Events {
    /// On the loop's thread. `detail` for people: the camera's id, or why it waits and how long.
    std::function<void(PublisherState state, const std::string& detail)> on_state;
    /// It gave up; once; nothing follows. The message says what to do. On the loop's thread.
    std::function<void(const Error& error)> on_finished;
  };
  /// Opens the source (its errors), checks the options (`invalid_argument`), starts to connect.
  [[nodiscard]] static Result<std::unique_ptr<Publisher>> start(PublisherOptions options,
                                                                Events events);
  /// Stops as `stop` does.
  virtual ~Publisher() = default;

  /// Says `bye`, closes and releases everything; about a second at most. Not from an event.
  virtual void stop() = 0;
  /// For tests: drops the socket and the media at once, without a word, and does not come back.
  virtual void vanish() = 0;
  /// For tests: drops the socket only; the publisher notices and tries again.
  virtual void cut_socket() = 0;
};

}  // namespace surveillx::camera
