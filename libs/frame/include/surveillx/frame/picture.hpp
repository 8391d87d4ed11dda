#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "surveillx/base/clock.hpp"

namespace surveillx::frame {

struct Size {
  int width = 0;
  int height = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

/// An I420 picture: a full-size Y plane and U and V planes of half the size (rounded up). Immutable
/// once shared; the planes live as long as the Picture. Safe to read from any thread.
class Picture {
 public:
  struct Plane {
    const std::uint8_t* data = nullptr;
    int stride = 0;  ///< Bytes from one row to the next.
  };

  /// Planes that something else owns (a decoder's buffer): `owner` is released with the Picture.
  [[nodiscard]] static std::shared_ptr<const Picture> wrap(Size size, std::array<Plane, 3> planes,
                                                           std::shared_ptr<const void> owner);

  [[nodiscard]] Size size() const { return size_; }
  [[nodiscard]] const Plane& y() const { return planes_[0]; }
  [[nodiscard]] const Plane& u() const { return planes_[1]; }
  [[nodiscard]] const Plane& v() const { return planes_[2]; }

  virtual ~Picture() = default;

 protected:
  Picture(Size size, std::array<Plane, 3> planes) : size_(size), planes_(planes) {}

  Size size_;
  std::array<Plane, 3> planes_;
};

using PicturePtr = std::shared_ptr<const Picture>;

/// A picture that may be written until it is shared as a PicturePtr.
class WritablePicture : public Picture {
 public:
  [[nodiscard]] static std::shared_ptr<WritablePicture> allocate(Size size);
  [[nodiscard]] std::uint8_t* plane(int index) { return writable_[static_cast<std::size_t>(index)]; }

 private:
  WritablePicture(Size size, std::array<Plane, 3> planes, std::unique_ptr<std::uint8_t[]> pixels);

  std::unique_ptr<std::uint8_t[]> pixels_;
  std::array<std::uint8_t*, 3> writable_{};
};

/// A decoded picture of a camera with its place in time.
struct Frame {
  PicturePtr picture;
  std::uint64_t seq = 0;      ///< Counts decoded frames of a session from 1.
  UnixMillis timestamp{};     ///< When the frame's last RTP packet reached us.
  SteadyTime received_at{};   ///< The same moment on the steady clock.
};

}  // namespace surveillx::frame
