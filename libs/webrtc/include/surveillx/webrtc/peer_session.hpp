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
#include "surveillx/stream/camera_source.hpp"
#include "surveillx/stream/camera_stream.hpp"

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

struct SessionStats {
  std::string local_candidate;   ///< `host 127.0.0.1:53412 udp` of the selected pair; empty before.
  std::string remote_candidate;
  std::string dtls_state;        ///< new, connecting, connected, failed, closed.
  std::string ice_state;
  stream::Codec codec = stream::Codec::none;
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

struct SessionOptions {
  IceOptions ice;
  std::chrono::milliseconds jitter_latency{100};
  frame::Size max_size{4096, 2304};
  /// A frame that has waited for longer to be decoded is skipped, up to the next keyframe.
  std::chrono::milliseconds skip_after{1'000};
};

/// What a session tells for signalling; states and the end come out of its stream. Called on
/// GStreamer's threads, never under a lock of the session: copy, post to your own thread, return.
/// None is called after `close` has returned.
struct SessionEvents {
  /// The SDP answer, once. Without trickle all candidates are inside and no `on_candidate` follows.
  std::function<void(std::string sdp)> on_answer;
  /// A local candidate; an empty one ends the list.
  std::function<void(std::string candidate, int mline_index)> on_candidate;
};

/// A camera that sends by WebRTC, as the source of a stream: a webrtcbin in a pipeline of its own that
/// receives VP8 or H.264. Thread-safe. See docs/teardown.md for how it ends.
class PeerSession : public stream::CameraSource {
 public:
  /// Validates the offer (`bad_sdp`, `no_video`, `unsupported_codec`), builds the pipeline and starts
  /// to answer. Candidates go into the answer when the offer has no `a=ice-options:trickle`. The
  /// stream is fed by this session alone, and closed with it.
  [[nodiscard]] static Result<std::shared_ptr<PeerSession>> answer(
      const SessionOptions& options, const std::string& offer_sdp,
      std::shared_ptr<stream::CameraStream> stream, SessionEvents events);

  /// A remote candidate; queued until the remote description is set. Bad ones are logged and dropped.
  virtual void add_candidate(const std::string& candidate, int mline_index) = 0;
  [[nodiscard]] virtual SessionStats stats() const = 0;
  /// Ends session and stream. Returns once no callback runs or will run, sinks of taps included (do
  /// not call it from one); the pipeline is torn down on the reaper's thread (see `drain`).
  void close() override = 0;
};

/// Loads plugins, generates a first DTLS certificate and runs a dummy webrtcbin, which takes a new
/// process 100-400 ms. Call once at start, from any thread. Fails with `unavailable` and the names
/// of the packages when a GStreamer plugin is missing.
[[nodiscard]] Result<void> warm_up();
/// Waits until every closed session's pipeline is gone. For shutdown and tests. False on time-out.
bool drain(std::chrono::milliseconds timeout);

}  // namespace surveillx::webrtc
