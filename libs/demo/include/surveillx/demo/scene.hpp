#pragma once

#include "surveillx/demo/person.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/frame/picture.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace surveillx::demo {

/// People who come and go in front of a room with a window. What a moment looks like depends on the
/// options and the time alone, in any order. A scene keeps drawn heads between calls, so one scene
/// belongs to one thread at a time.
class Scene {
 public:
  struct Options {
    frame::Size size{1280, 720};  ///< Even; at least 160x120.
    std::uint32_t seed = 1;
    /// Who takes part; empty: `people()` and one stranger. Each comes to a place of their own
    /// (left, middle, right), so nobody is there twice.
    std::vector<Person> cast;
  };
  /// Somebody who is in the picture.
  struct Appearance {
    std::string name;
    domain::Box head;      ///< Crown to chin, in 0..1 of the picture; may reach beyond its edge.
    bool settled = false;  ///< Stands still, wholly inside the picture.
  };

  explicit Scene(Options options);
  ~Scene();
  Scene(Scene&&) noexcept;
  Scene& operator=(Scene&&) noexcept;

  /// The picture at a time since the scene's start. About a millisecond at 1280x720 once the heads
  /// it needs have been drawn, which takes some milliseconds each.
  [[nodiscard]] frame::PicturePtr draw(std::chrono::milliseconds t);
  /// Who is there at that time, from left to right.
  [[nodiscard]] std::vector<Appearance> present(std::chrono::milliseconds t) const;
  [[nodiscard]] frame::Size size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace surveillx::demo
