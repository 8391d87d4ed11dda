#include "surveillx/stream/camera_stream.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/base/timer_thread.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::stream {
namespace {

using domain::CameraState;

/// How often a source gets time to tend itself.
constexpr std::chrono::seconds kLookInterval{1};
/// Not for each frame that a tap waits through: one may be lost, the next is asked for then.
constexpr std::chrono::milliseconds kAskInterval{500};

}  // namespace

struct CameraStream::Tap::Place {
  DecodedSink decoded;
  EncodedSink encoded;
  std::atomic<bool> wanted{true};
  bool begun = false;  ///< Of an encoded tap: its keyframe has come. With taps_mutex_ held.
};

CameraStream::Tap& CameraStream::Tap::operator=(Tap&& other) noexcept {
  if (this != &other) {
    const Tap old(std::move(*this));
    stream_ = std::move(other.stream_);
    place_ = std::move(other.place_);
  }
  return *this;
}

CameraStream::Tap::~Tap() {
  if (!place_) return;
  if (const auto stream = stream_.lock()) stream->remove(place_);
}

void CameraStream::Tap::want(bool wanted) {
  const auto stream = stream_.lock();
  if (!place_ || !place_->decoded || !stream) return;
  if (place_->wanted.exchange(wanted) != wanted) stream->wanting_changed(wanted ? 1 : -1);
}

std::shared_ptr<CameraStream> CameraStream::create(StreamOptions options, StreamEvents events,
                                                   const Clock& clock) {
  return std::shared_ptr<CameraStream>(
      new CameraStream(std::move(options), std::move(events), clock));
}

CameraStream::CameraStream(StreamOptions options, StreamEvents events, const Clock& clock)
    : options_(std::move(options)),
      events_(std::move(events)),
      clock_(clock),
      liveness_(options_.limits) {
  liveness_.begin(clock_.steady());
}

CameraStream::~CameraStream() = default;

// --- Whoever looks ---

CameraStream::Tap CameraStream::tap_decoded(DecodedSink sink, bool wanted) {
  auto place = std::make_shared<Tap::Place>();
  place->decoded = std::move(sink);
  place->wanted = wanted;
  return add(std::move(place));
}

CameraStream::Tap CameraStream::tap_encoded(EncodedSink sink) {
  auto place = std::make_shared<Tap::Place>();
  place->encoded = std::move(sink);
  return add(std::move(place));
}

CameraStream::Tap CameraStream::add(std::shared_ptr<Tap::Place> place) {
  {
    const std::lock_guard lock(taps_mutex_);
    if (taps_closed_) return {};
    taps_.push_back(place);
    if (place->decoded && place->wanted && unseen_) place->decoded(*unseen_);
  }
  if (place->encoded) {
    encoded_taps_.fetch_add(1);
    ask_for_keyframe();
  } else if (place->wanted) {
    wanting_changed(1);
  }
  return Tap(weak_from_this(), std::move(place));
}

void CameraStream::ask_for_keyframe() {
  std::shared_ptr<CameraSource> source;
  {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    if (closed_ || ended_ || now - asked_keyframe_at_ < kAskInterval) return;
    asked_keyframe_at_ = now;
    source = source_.lock();
  }
  if (source) source->request_keyframe();
}

void CameraStream::remove(const std::shared_ptr<Tap::Place>& place) {
  {
    const std::lock_guard lock(taps_mutex_);
    if (std::erase(taps_, place) == 0) return;
  }
  if (place->encoded) {
    encoded_taps_.fetch_sub(1);
  } else if (place->wanted.exchange(false)) {
    wanting_changed(-1);
  }
}

void CameraStream::wanting_changed(int change) {
  wanting_.fetch_add(change);
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_ || wanting_.load() == 0) return;  // `look` ends it, after a while.
    unwanted_since_.reset();
    set_decoding_locked(true);
  }
  calls_.flush();
}

CameraState CameraStream::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

StreamNumbers CameraStream::numbers() const {
  const std::lock_guard lock(mutex_);
  return {codec_, size_, liveness_.fps(clock_.steady()), frames_, decoding_};
}

void CameraStream::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
  }
  if (!gate_.close()) {
    log::error("stream.callback_stuck",
               {{"camera", options_.camera.str()}, {"session", options_.id.str()}});
  }
  calls_.clear();
  std::vector<std::shared_ptr<Tap::Place>> taps;
  std::optional<frame::Frame> unseen;
  const std::lock_guard lock(taps_mutex_);
  taps_closed_ = true;
  taps.swap(taps_);
  unseen.swap(unseen_);
}

// --- The source ---

void CameraStream::attach(std::weak_ptr<CameraSource> source) {
  const std::lock_guard lock(mutex_);
  source_ = std::move(source);
  liveness_.begin(clock_.steady());
}

void CameraStream::begin() { look_again_at(clock_.steady() + kLookInterval); }

void CameraStream::set_codec(Codec codec) {
  const std::lock_guard lock(mutex_);
  codec_ = codec;
}

void CameraStream::encoded_arrived(const EncodedFrame& frame) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_) return;
    // Undecoded, what arrives is all that tells that the camera still sends. Wanted again, it is still
    // so until the keyframe with which decoding goes on: some cameras cannot be asked for one.
    resuming_ = resuming_ && !frame.keyframe;
    if ((!decoding_ || resuming_) && frames_ > 0) {
      liveness_.frame(clock_.steady());
      set_state_locked(CameraState::live);
    }
  }
  calls_.flush();
  if (!wants_encoded() || frame.bytes.empty()) return;
  bool waiting = false;
  {
    const std::lock_guard lock(taps_mutex_);
    for (const auto& place : taps_) {
      if (!place->encoded) continue;
      place->begun = place->begun || frame.keyframe;
      waiting = waiting || !place->begun;
      if (place->begun) place->encoded(frame);
    }
  }
  if (waiting) ask_for_keyframe();
}

bool CameraStream::decoded(frame::Frame frame) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_) return false;
    frame.seq = ++frames_;
    first = frames_ == 1;
    size_ = frame.picture->size();
    resuming_ = false;
    liveness_.frame(clock_.steady());
    set_state_locked(CameraState::live);
  }
  calls_.flush();
  if (first) {
    log::info("session.live", {{"camera", options_.camera.str()},
                               {"session", options_.id.str()},
                               {"codec", to_string(numbers().codec)},
                               {"width", frame.picture->size().width},
                               {"height", frame.picture->size().height}});
  }
  const std::lock_guard lock(taps_mutex_);
  if (taps_closed_) return false;
  bool seen = false;
  for (const auto& place : taps_) {
    if (!place->decoded) continue;
    seen = true;
    if (place->wanted) place->decoded(frame);
  }
  if (seen) {
    unseen_.reset();
  } else {
    unseen_ = std::move(frame);
  }
  return true;
}

void CameraStream::end(EndReason reason, const std::string& detail) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || std::exchange(ended_, true)) return;
  }
  log::info("session.ended", {{"camera", options_.camera.str()},
                              {"session", options_.id.str()},
                              {"reason", to_string(reason)},
                              {"detail", detail}});
  calls_.post([weak = weak_from_this(), reason, detail] {
    const auto self = weak.lock();
    if (!self) return;
    self->emit([&](const StreamEvents& events) {
      if (events.on_end) events.on_end(reason, detail);
    });
  });
}

// --- Time ---

std::optional<SteadyTime> CameraStream::look() {
  const auto now = clock_.steady();
  std::shared_ptr<CameraSource> source;
  Liveness::Verdict verdict;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_) return std::nullopt;
    source = source_.lock();
    verdict = liveness_.look(now);
    set_state_locked(verdict.state);
    if (!decoding_ || frames_ == 0 || wanting_.load() > 0) {
      unwanted_since_.reset();
    } else if (!unwanted_since_) {
      unwanted_since_ = now;
    } else if (now - *unwanted_since_ >= options_.decode_linger) {
      set_decoding_locked(false);
    }
  }
  calls_.flush();
  if (verdict.over) {
    const std::string detail =
        "no frame for " + std::to_string(options_.limits.end_after.count()) + " ms";
    if (source) {
      source->give_up(EndReason::no_frames, detail);
    } else {
      end(EndReason::no_frames, detail);
    }
    return std::nullopt;
  }
  if (source) source->tend(verdict.quiet);
  return std::min(verdict.next, now + kLookInterval);
}

void CameraStream::look_again_at(SteadyTime when) {
  TimerThread::instance().at(when, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    if (const auto next = self->look()) self->look_again_at(*next);
  });
}

void CameraStream::set_state_locked(CameraState state) {
  if (state_ == state) return;
  state_ = state;
  // Queued under the lock, so that states go out in the order they were decided.
  calls_.push([weak = weak_from_this(), state] {
    const auto self = weak.lock();
    if (!self) return;
    self->emit([&](const StreamEvents& events) {
      if (events.on_state) events.on_state(state);
    });
  });
}

void CameraStream::set_decoding_locked(bool on) {
  if (std::exchange(decoding_, on) == on) return;
  resuming_ = on;
  log::info(on ? "stream.decoding" : "stream.not_decoding",
            {{"camera", options_.camera.str()}, {"session", options_.id.str()}});
  calls_.push([source = source_, on] {
    if (const auto there = source.lock()) there->set_decoding(on);
  });
}

}  // namespace surveillx::stream
