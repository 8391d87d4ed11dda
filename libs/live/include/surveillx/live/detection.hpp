#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/live/event.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace surveillx::live {

/// The faces of one analysed frame; at most 256.
struct Detection {
  static constexpr std::string_view kEvent = "detection";

  CameraId camera_id;
  std::int64_t seq = 0;  ///< Of the frame, as is the time.
  UnixMillis timestamp{};
  std::vector<domain::Face> faces;  ///< Only who is known has a person and a name.

  [[nodiscard]] boost::json::object to_json() const;
  [[nodiscard]] static Result<Detection> from_json(const boost::json::object& object);
};

}  // namespace surveillx::live
