#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/frame/picture.hpp"
#include "surveillx/gst/ref.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::camera {

inline constexpr ErrorName kSourceMissing{"source_missing"};
inline constexpr ErrorName kSourceUnreadable{"source_unreadable"};
inline constexpr ErrorName kSourceFailed{"source_failed"};

/// Where pictures come from: `demo`, `test`, `file:PATH`, `device` or `device:N`.
struct SourceSpec {
  enum class Kind { demo, test, file, device };
  Kind kind = Kind::demo;
  std::string path;  ///< Of a file.
  int device = 0;    ///< Number of a device.
  friend bool operator==(const SourceSpec&, const SourceSpec&) = default;
};
/// `invalid_argument` names what is allowed.
[[nodiscard]] Result<SourceSpec> parse_source(std::string_view text);

/// What pictures should look like. A file without a size keeps its own, and so its rate.
struct VideoFormat {
  std::optional<frame::Size> size;  ///< Default 1280x720; a file's own.
  std::optional<int> fps;           ///< Default 30; a file's own.
};
/// `1280x720`: even, from 160x120 to 4096x2304, else `invalid_argument`.
[[nodiscard]] Result<frame::Size> parse_size(std::string_view text);

/// Raw I420 pictures in real time. `start` and `stop` from one thread, in turn, any number of
/// times.
class Source {
 public:
  struct Events {
    /// A picture: caps and buffer, its timestamps without meaning. On the source's own thread.
    std::function<void(gst::Ref<GstSample>)> on_picture;
    /// It broke (a device was unplugged): nothing more comes until the next start. On a source's
    /// thread; `stop` must still be called, not from here.
    std::function<void(Error)> on_failure;
  };
  /// Checks what can be checked without playing: `source_missing` (no such file or device),
  /// `source_unreadable` (no video that can be decoded in it), `unavailable` (a plugin's package).
  [[nodiscard]] static Result<std::unique_ptr<Source>> open(const SourceSpec& spec,
                                                            const VideoFormat& format);
  /// Stops.
  virtual ~Source() = default;

  /// Begins, a file at its beginning. `source_failed`.
  [[nodiscard]] virtual Result<void> start(Events events) = 0;
  /// Once it returns no event runs or will run.
  virtual void stop() = 0;
};

}  // namespace surveillx::camera
