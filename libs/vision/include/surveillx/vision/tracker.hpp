#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/vision/geometry.hpp"

#include <cstdint>
#include <vector>

namespace surveillx::vision {

/// Follows boxes from picture to picture by overlap and predicted motion. One thread.
class Tracker {
 public:
  struct Options {
    /// A track that nothing was found for in this long ends; a face behind a hand comes back to its
    /// track before.
    std::chrono::milliseconds max_gap{2000};
    float min_overlap = 0.2F;
    /// Without overlap, this far (in box widths) from the prediction still counts, so that a
    /// walking person is followed at 5 pictures a second.
    float max_jump = 0.9F;
  };
  struct Update {
    std::vector<std::int64_t> ids;    ///< One for each box, in their order.
    std::vector<std::int64_t> ended;  ///< Tracks that are over.
  };

  Tracker() : Tracker(Options{}) {}
  /// `first_id` continues another tracker's numbers.
  explicit Tracker(Options options, std::int64_t first_id = 1)
      : options_(options), next_id_(first_id) {}

  [[nodiscard]] Update update(const std::vector<PixelBox>& boxes, SteadyTime now);
  /// Ends what has not been seen for too long although no picture came.
  [[nodiscard]] std::vector<std::int64_t> expire(SteadyTime now);
  /// Keeps those that the last picture showed alive while the scene does not move and is not looked
  /// at.
  void touch(SteadyTime now);
  [[nodiscard]] std::size_t size() const { return tracks_.size(); }
  [[nodiscard]] std::int64_t next_id() const { return next_id_; }

 private:
  struct Track {
    std::int64_t id = 0;
    PixelBox box;
    float dx = 0;  ///< Pixels a second.
    float dy = 0;
    SteadyTime seen{};   ///< When the box was measured.
    SteadyTime alive{};  ///< When it was measured or taken to be unchanged.
  };

  Options options_;
  SteadyTime updated_{};
  std::int64_t next_id_;
  std::vector<Track> tracks_;
};

}  // namespace surveillx::vision
