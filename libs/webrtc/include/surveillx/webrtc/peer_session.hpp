#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "surveillx/base/error.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/frame/picture.hpp"
#include "surveillx/ice/server.hpp"

namespace surveillx::webrtc {

inline constexpr ErrorName kBadSdp{"bad_sdp"};
inline constexpr ErrorName kNoVideo{"no_video"};
inline constexpr ErrorName kUnsupportedCodec{"unsupported_codec"};

struct IceOptions {
  /// Addresses to gather on; the default keeps ICE on this machine. Empty: every interface.
  std::vector<std::string> local_addresses{"127.0.0.1"};
  std::vector<ice::Server> servers;
  std::uint16_t min_port = 0;  ///< 0: any.
  std::uint16_t max_port = 0;
};

enum class Codec { none, vp8, h264 };
[[nodiscard]] std::string_view to_string(Codec codec);

/// Why a session ended. `bad_sdp` and `no_media_port` come instead of an answer: the first is the
/// offer's fault (the detail says in words what is wrong with it), the second ours (no port of
/// `IceOptions` is free).
enum class EndReason {
  closed,
  ice_failed,
  dtls_failed,
  no_frames,
  pipeline_error,
  bad_sdp,
  no_media_port,
};
[[nodiscard]] std::string_view to_string(EndReason reason);

struct SessionStats {
  std::string local_candidate;   ///< `host 127.0.0.1:53412 udp` of the selected pair; empty before.
  std::string remote_candidate;
  std::string dtls_state;        ///< new, connecting, connected, failed, closed.
  std::string ice_state;
  Codec codec = Codec::none;
  std::uint64_t packets_received = 0;
  std::int64_t packets_lost = 0;
  std::uint64_t frames_decoded = 0;
  /// Frames that arrived and were not decoded, because decoding was too far behind (`skip_after`).
  std::uint64_t frames_skipped = 0;
  /// Packets that arrived and were thrown away: no room (see frames_skipped), or one source too many.
  std::uint64_t packets_refused = 0;
  std::uint64_t nacks_sent = 0;
  std::uint64_t keyframe_requests = 0;
  frame::Size size;
  double fps = 0;                ///< Over the last second or two.
};

/// What all sessions of this process together have skipped and refused since it started: see the
/// fields of the same names in SessionStats. For metrics. Thread-safe.
struct Totals {
  std::uint64_t frames_skipped = 0;
  std::uint64_t packets_refused = 0;
};
[[nodiscard]] Totals totals();

struct SessionOptions {
  MediaSessionId id;
  CameraId camera;               ///< For logs only.
  IceOptions ice;
  std::chrono::milliseconds jitter_latency{100};
  std::chrono::milliseconds stale_after{2'000};
  std::chrono::milliseconds offline_after{5'000};
  std::chrono::milliseconds end_after{10'000};  ///< Without a frame, also from the start.
  frame::Size max_size{4096, 2304};
  /// A frame that has waited for longer to be decoded is skipped, up to the next keyframe.
  std::chrono::milliseconds skip_after{1'000};
};

/// What a session tells. Called on GStreamer's or the session's own threads, never under a lock of
/// the session: copy, post to your own thread, return. None is called after `close` has returned.
struct SessionEvents {
  /// The SDP answer, once. With `complete`, all candidates are inside and no `on_candidate` follows.
  std::function<void(std::string sdp)> on_answer;
  /// A local candidate; an empty one ends the list.
  std::function<void(std::string candidate, int mline_index)> on_candidate;
  /// Every decoded frame, on the streaming thread.
  std::function<void(frame::Frame)> on_frame;
  /// connecting, live (first decoded frame), stale, offline and back to live.
  std::function<void(domain::CameraState)> on_state;
  /// Once, when the session is over by itself; the owner then calls `close`.
  std::function<void(EndReason, std::string detail)> on_end;
};

/// One camera's WebRTC session as receiver: a webrtcbin in a pipeline of its own, decode of VP8 or
/// H.264 to I420, a frame watchdog and statistics. Thread-safe. See docs/teardown.md for how it ends.
class PeerSession {
 public:
  /// Validates the offer (`bad_sdp`, `no_video`, `unsupported_codec`), builds the pipeline and starts
  /// to answer. Candidates go into the answer when the offer has no `a=ice-options:trickle`.
  [[nodiscard]] static Result<std::shared_ptr<PeerSession>> answer(const SessionOptions& options,
                                                                   const std::string& offer_sdp,
                                                                   SessionEvents events);
  virtual ~PeerSession() = default;

  /// A remote candidate; queued until the remote description is set. Bad ones are logged and dropped.
  virtual void add_candidate(const std::string& candidate, int mline_index) = 0;
  /// Asks the camera for a keyframe (PLI). Rate-limited to one each 500 ms.
  virtual void request_keyframe() = 0;
  [[nodiscard]] virtual SessionStats stats() const = 0;
  [[nodiscard]] virtual domain::CameraState state() const = 0;
  /// Ends the session. Returns once no callback runs or will run (do not call it from one); the
  /// pipeline is torn down on the reaper's thread (see `drain`).
  virtual void close() = 0;
};

/// Loads plugins, generates a first DTLS certificate and runs a dummy webrtcbin, which takes a new
/// process 100-400 ms. Call once at start, from any thread. Fails with `unavailable` and the names
/// of the packages when a GStreamer plugin is missing.
[[nodiscard]] Result<void> warm_up();
/// Waits until every closed session's pipeline is gone. For shutdown and tests. False on time-out.
bool drain(std::chrono::milliseconds timeout);

}  // namespace surveillx::webrtc
