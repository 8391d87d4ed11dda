#pragma once

#include "surveillx/base/gate.hpp"
#include "surveillx/base/ordered_calls.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/frame/picture.hpp"
#include "surveillx/stream/camera_source.hpp"
#include "surveillx/stream/encoded_frame.hpp"
#include "surveillx/stream/liveness.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace surveillx::stream {

struct StreamOptions {
  MediaSessionId id;
  CameraId camera;  ///< Both for logs.
  LivenessLimits limits;
  /// Decoding stops when nobody has wanted pictures for so long; who changes the page loses none.
  std::chrono::milliseconds decode_linger{5'000};
};

/// What a stream tells its owner, in order. On any thread, never under a lock of the stream: copy, post
/// to your own thread, return. None is called after `close` has returned.
struct StreamEvents {
  /// connecting, live (first decoded frame), stale, offline and back to live.
  std::function<void(domain::CameraState)> on_state;
  /// Once, when the stream is over by itself; the owner then closes source and stream.
  std::function<void(EndReason, const std::string& detail)> on_end;
};

/// What can be said of a stream's pictures, from wherever they come.
struct StreamNumbers {
  Codec codec = Codec::none;
  frame::Size size;  ///< Of the last decoded frame.
  double fps = 0;    ///< Over the last two seconds; of encoded frames while none is decoded.
  std::uint64_t frames_decoded = 0;
  bool decoding = true;  ///< Somebody wants pictures, or nobody has found out yet whether there are any.
};

/// The centre of a camera's session: one CameraSource feeds it, it keeps the state and hands frames to
/// taps, encoded and decoded. Behind it nobody knows where a picture came from, and nothing is decoded
/// that nobody looks at: decoding goes on until the first picture, which shows that it can be decoded,
/// and from then on while a decoded tap wants frames. Thread-safe; held by its source and its owner.
class CameraStream : public std::enable_shared_from_this<CameraStream> {
 public:
  /// On the thread that receives or decodes, and once on that which adds the tap: take, copy or drop, and
  /// return, since whoever removes the tap waits. It must not touch its tap.
  using DecodedSink = std::function<void(const frame::Frame&)>;
  using EncodedSink = std::function<void(const EncodedFrame&)>;

  /// A place where frames come out. Once it is gone no call to its sink runs or will run.
  class Tap {
   public:
    Tap() = default;
    Tap(Tap&& other) noexcept = default;
    Tap& operator=(Tap&& other) noexcept;
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    ~Tap();
    /// Of a decoded tap: whether frames come out. Any thread; waits for nobody.
    void want(bool wanted);

   private:
    friend class CameraStream;
    struct Place;
    Tap(std::weak_ptr<CameraStream> stream, std::shared_ptr<Place> place)
        : stream_(std::move(stream)), place_(std::move(place)) {}
    std::weak_ptr<CameraStream> stream_;
    std::shared_ptr<Place> place_;
  };

  [[nodiscard]] static std::shared_ptr<CameraStream> create(StreamOptions options,
                                                            StreamEvents events,
                                                            const Clock& clock = system_clock());
  ~CameraStream();

  // Whoever looks at the camera.
  /// The newest frame that came while there was no decoded tap comes first, to each tap that is added
  /// before the next frame. Taps get frames only while they want them.
  [[nodiscard]] Tap tap_decoded(DecodedSink sink, bool wanted = true);
  /// Frames from the next keyframe on, which is asked for until it comes.
  [[nodiscard]] Tap tap_encoded(EncodedSink sink);
  [[nodiscard]] domain::CameraState state() const;
  [[nodiscard]] StreamNumbers numbers() const;
  [[nodiscard]] const StreamOptions& options() const { return options_; }
  /// No tap and no event is called when this has returned. Not from one of them. Repeatable.
  void close();

  // The source.
  /// Connects it; from now on `look` watches over it.
  void attach(std::weak_ptr<CameraSource> source);
  /// Begins to look by itself, when it is due and at least once a second.
  void begin();
  void set_codec(Codec codec);
  /// Whether anybody takes encoded frames: else `encoded_arrived` is enough.
  [[nodiscard]] bool wants_encoded() const { return encoded_taps_.load() > 0; }
  /// A frame has arrived, whatever becomes of it. Its bytes may be left out if nobody wants them.
  void encoded_arrived(const EncodedFrame& frame);
  /// A picture of it, whose `seq` is counted here. False when the stream is over.
  bool decoded(frame::Frame frame);
  /// The source is over by itself; nothing that it feeds counts any more. Once.
  void end(EndReason reason, const std::string& detail);

  /// Looks what time has changed: the state, whether anything still comes, whether pictures are
  /// wanted. Returns when to look again; nothing when it is over.
  std::optional<SteadyTime> look();

 private:
  CameraStream(StreamOptions options, StreamEvents events, const Clock& clock);

  void look_again_at(SteadyTime when);
  [[nodiscard]] Tap add(std::shared_ptr<Tap::Place> place);
  void ask_for_keyframe();
  void remove(const std::shared_ptr<Tap::Place>& place);
  /// `change` more decoded taps want frames than before.
  void wanting_changed(int change);
  // With mutex_ held; the caller flushes calls_ after letting go of it.
  void set_state_locked(domain::CameraState state);
  void set_decoding_locked(bool on);

  template <class F>
  void emit(F call) {
    if (const auto pass = gate_.enter()) call(events_);
  }

  const StreamOptions options_;
  const StreamEvents events_;
  const Clock& clock_;
  Gate gate_;
  OrderedCalls calls_;
  std::atomic<int> encoded_taps_{0};
  std::atomic<int> wanting_{0};  ///< Decoded taps that want frames.

  mutable std::mutex mutex_;  ///< Guards what follows; never held while calling out.
  std::weak_ptr<CameraSource> source_;
  Liveness liveness_;
  domain::CameraState state_ = domain::CameraState::connecting;
  bool closed_ = false;
  bool ended_ = false;
  bool decoding_ = true;
  bool resuming_ = false;  ///< Decoding is wanted again, and no keyframe has come yet.
  std::optional<SteadyTime> unwanted_since_;
  SteadyTime asked_keyframe_at_{};
  Codec codec_ = Codec::none;
  frame::Size size_;
  std::uint64_t frames_ = 0;

  /// Guards what follows. Held while sinks are called, so that who removes a tap waits; the timer's
  /// thread therefore never takes it. Taken before mutex_.
  mutable std::mutex taps_mutex_;
  bool taps_closed_ = false;
  std::vector<std::shared_ptr<Tap::Place>> taps_;
  std::optional<frame::Frame> unseen_;  ///< The newest frame, until there is a tap to see it.
};

}  // namespace surveillx::stream
