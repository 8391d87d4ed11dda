#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "surveillx/base/error.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/stream/camera_source.hpp"
#include "surveillx/stream/camera_stream.hpp"

namespace surveillx::mediaserver {

/// Makes the source that feeds this stream. May take its time: it is called once, on a pool.
using OpenSource = std::function<Result<std::shared_ptr<stream::CameraSource>>(
    const std::shared_ptr<stream::CameraStream>&)>;

/// What a session tells its owner; on the loop, none after `end`.
struct CameraSessionEvents {
  /// The source is there; pictures follow.
  std::function<void()> on_built;
  /// There is no source; the session is over.
  std::function<void(Error)> on_failed;
  std::function<void(domain::CameraState)> on_state;
  /// The session ended by itself.
  std::function<void(stream::EndReason, std::string detail)> on_end;
};

/// A camera's source and its stream as the loop sees them, whatever the way in. Making the source and
/// closing it may take their time, so they happen on a pool; what the stream tells is brought to the
/// loop. Loop thread only.
class CameraSession : public std::enable_shared_from_this<CameraSession> {
 public:
  /// Nothing happens until `begin`; the stream is there and can be tapped.
  [[nodiscard]] static std::shared_ptr<CameraSession> create(net::EventLoop& loop, WorkerPool& pool,
                                                             const stream::StreamOptions& options,
                                                             OpenSource open,
                                                             CameraSessionEvents events);
  /// Makes the source. Once.
  void begin();
  /// No event and no frame comes after this. Repeatable.
  void end();
  [[nodiscard]] const MediaSessionId& id() const { return stream_->options().id; }
  [[nodiscard]] bool begun() const { return begun_; }
  /// Begun, and neither built nor failed yet.
  [[nodiscard]] bool building() const { return begun_ && !source_ && !ended_; }
  [[nodiscard]] stream::CameraStream& stream() const { return *stream_; }

 private:
  using Source = std::shared_ptr<stream::CameraSource>;

  CameraSession(net::EventLoop& loop, WorkerPool& pool, OpenSource open,
                CameraSessionEvents events);
  [[nodiscard]] stream::StreamEvents stream_events();
  void created(Result<Source> source);
  void close_on_pool(Source source);

  net::EventLoop& loop_;
  WorkerPool& pool_;
  OpenSource open_;
  CameraSessionEvents events_;
  std::shared_ptr<stream::CameraStream> stream_;
  Source source_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace surveillx::mediaserver
