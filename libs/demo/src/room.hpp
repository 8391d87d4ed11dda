#pragma once

#include "surveillx/frame/picture.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace surveillx::demo {

/// What is behind the people: a wall with a window, clouds that drift, and a clock whose hand goes.
class Room {
 public:
  Room(frame::Size size, std::uint32_t seed);
  /// The whole picture as BGR, `size.width * 3` bytes a row. Valid until the next call.
  [[nodiscard]] std::uint8_t* draw(std::chrono::milliseconds t);

 private:
  void paint_walls();
  void paint_sky(std::uint32_t seed);
  void draw_hand(std::chrono::milliseconds t);

  frame::Size size_;
  int stride_;
  int pane_left_;
  int pane_top_;
  int pane_width_;
  int pane_height_;
  int clock_x_;
  int clock_y_;
  float clock_radius_;
  std::vector<std::uint8_t> walls_;
  std::vector<std::uint8_t> sky_;  ///< Twice a pane wide, and the same at both ends.
  std::vector<std::uint8_t> canvas_;
};

}  // namespace surveillx::demo
