#pragma once

#include "surveillx/domain/types.hpp"
#include "surveillx/live/event.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace surveillx::live {

/// How a camera is doing.
struct CameraReport {
  static constexpr std::string_view kEvent = "camera";

  CameraId camera_id;
  std::string name;
  domain::CameraState state = domain::CameraState::offline;
  std::string reason;  ///< For people; empty (null in JSON) when there is nothing to say.
  double fps = 0;      ///< Decoded frames a second. Sent and read as 0 unless `live`.
  int width = 0;       ///< Of the decoded picture; 0 when there is none.
  int height = 0;
  std::string codec;   ///< `VP8`, `H264` or empty.

  [[nodiscard]] boost::json::object to_json() const;
  [[nodiscard]] static Result<CameraReport> from_json(const boost::json::object& object);
  friend bool operator==(const CameraReport&, const CameraReport&) = default;
};

}  // namespace surveillx::live
