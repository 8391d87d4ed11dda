#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "frame_pacer.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/frame/jpeg.hpp"
#include "surveillx/frame/latest_slot.hpp"
#include "surveillx/live/demand.hpp"
#include "surveillx/live/frame.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// Turns one camera's pictures into JPEGs while somebody wants them, at the wanted rate and widths.
/// `push` is called on the streaming thread and does not wait: the newest due frame lies in a slot
/// until the pool gets to it. Nothing is done, not even a copy, while there is no demand.
class FrameEncoder : public std::enable_shared_from_this<FrameEncoder> {
 public:
  using Output = std::function<void(live::Frame)>;  ///< On a pool thread.

  FrameEncoder(domain::Camera camera, int jpeg_quality, WorkerPool& pool,
               telemetry::Metrics& metrics, Output output);

  void set_demand(live::CameraDemand demand);    ///< Any thread.
  void push(const frame::Frame& frame);          ///< One thread at a time.
  /// No output starts after this.
  void close();

 private:
  void schedule();
  void encode_latest();
  void encode(const frame::Frame& frame);

  domain::Camera camera_;
  int quality_;
  WorkerPool& pool_;
  telemetry::Counter encoded_;
  telemetry::Counter dropped_;
  telemetry::Counter failed_;
  telemetry::Histogram seconds_;
  Output output_;
  std::atomic<std::shared_ptr<const live::CameraDemand>> demand_;
  FramePacer pacer_;
  frame::LatestSlot<frame::Frame> slot_;
  std::atomic<bool> scheduled_{false};
  frame::JpegEncoder jpeg_;  ///< Used by one job at a time.
};

}  // namespace surveillx::mediaserver
