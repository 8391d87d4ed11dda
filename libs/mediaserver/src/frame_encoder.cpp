#include "frame_encoder.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/frame/convert.hpp"

namespace surveillx::mediaserver {

FrameEncoder::FrameEncoder(domain::Camera camera, int jpeg_quality, WorkerPool& pool,
                           telemetry::Metrics& metrics, Output output)
    : camera_(std::move(camera)),
      quality_(jpeg_quality),
      pool_(pool),
      encoded_(metrics.counter("media_jpegs_encoded_total", "Pictures encoded for viewers")),
      dropped_(metrics.counter("media_jpegs_dropped_total",
                               "Due pictures replaced by newer ones before they were encoded")),
      failed_(metrics.counter("media_jpegs_failed_total", "Pictures that could not be encoded")),
      seconds_(metrics.histogram("media_jpeg_encode_seconds", "Scaling and encoding one frame",
                                 telemetry::default_seconds())),
      output_(std::move(output)),
      demand_(std::make_shared<const live::CameraDemand>()) {}

void FrameEncoder::set_demand(live::CameraDemand demand) {
  demand_.store(std::make_shared<const live::CameraDemand>(std::move(demand)));
}

void FrameEncoder::push(const frame::Frame& frame) {
  const auto demand = demand_.load();
  if (!demand->wanted() || !pacer_.take(frame.received_at, demand->fps)) return;
  if (!slot_.put(frame)) dropped_.add();
  schedule();
}

void FrameEncoder::schedule() {
  if (scheduled_.exchange(true)) return;
  if (!pool_.try_post([self = shared_from_this()] { self->encode_latest(); })) {
    scheduled_ = false;
    dropped_.add();
  }
}

void FrameEncoder::close() { slot_.close(); }

void FrameEncoder::encode_latest() {
  try {
    if (const auto frame = slot_.try_take()) encode(*frame);
  } catch (const std::exception& e) {
    // One frame's failure (memory) must not leave scheduled_ set, which would end all pictures.
    failed_.add();
    log::warn("media.jpeg_failed", {{"camera", camera_.id.str()}, {"error", e.what()}});
  }
  scheduled_ = false;
  // A frame put after try_take found scheduled_ set, so it is looked for again now that it is not.
  if (slot_.has_value()) schedule();
}

void FrameEncoder::encode(const frame::Frame& frame) {
  const auto demand = demand_.load();
  const auto begin = std::chrono::steady_clock::now();
  frame::Size previous{};
  for (const int width : demand->widths) {
    const frame::Size size = frame::fit_width(frame.picture->size(), width);
    if (size == previous) continue;  // The camera's picture is smaller than both widths.
    previous = size;
    auto jpeg = jpeg_.encode(*frame::scale(frame.picture, size), quality_);
    if (!jpeg) {
      failed_.add();
      log::warn("media.jpeg_failed",
                {{"camera", camera_.id.str()}, {"error", jpeg.error().message}});
      continue;
    }
    encoded_.add();
    if (slot_.closed()) continue;
    live::Frame encoded;
    encoded.camera_id = camera_.id;
    encoded.seq = static_cast<std::int64_t>(frame.seq);
    encoded.timestamp = frame.timestamp;
    encoded.width = size.width;
    encoded.height = size.height;
    encoded.jpeg = std::move(*jpeg);
    output_(std::move(encoded));
  }
  seconds_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

}  // namespace surveillx::mediaserver
