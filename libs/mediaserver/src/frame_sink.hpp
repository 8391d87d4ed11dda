#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "frame_encoder.hpp"
#include "recognition_service.hpp"

namespace surveillx::mediaserver {

/// Where one session's frames go. A session that is not yet the one its camera shows keeps its newest
/// frame here, so that neither a viewer nor recognition ever gets two pictures of one camera, and a
/// takeover does not lose the picture that decided it. Thread-safe; held by the session's callback.
class FrameSink {
 public:
  using Feed = std::shared_ptr<RecognitionService::CameraFeed>;

  /// Streaming thread. Waits for `show` and `close` only, which are short.
  void push(const frame::Frame& frame) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (encoder_) {
      pass(frame);
    } else {
      held_ = frame;
    }
  }
  /// From now on frames are passed on, the kept one first. `feed` may be null.
  void show(std::shared_ptr<FrameEncoder> encoder, Feed feed) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    encoder_ = std::move(encoder);
    feed_ = std::move(feed);
    if (held_) pass(*held_);
    held_.reset();
  }
  /// Nothing is passed on after this.
  void close() {
    std::shared_ptr<FrameEncoder> encoder;
    Feed feed;
    std::optional<frame::Frame> held;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    encoder.swap(encoder_);
    feed.swap(feed_);
    held.swap(held_);
  }

 private:
  void pass(const frame::Frame& frame) {
    encoder_->push(frame);
    if (feed_) feed_->push(frame);
  }

  std::mutex mutex_;
  bool closed_ = false;
  std::shared_ptr<FrameEncoder> encoder_;
  Feed feed_;
  std::optional<frame::Frame> held_;
};

}  // namespace surveillx::mediaserver
