#pragma once

#include "surveillx/live/attendance.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"

#include <array>
#include <string_view>

namespace surveillx::live {

/// The events that only media may send.
inline constexpr std::array<std::string_view, 4> kMediaEvents{
    Frame::kEvent, Detection::kEvent, Attendance::kEvent, CameraReport::kEvent};

}  // namespace surveillx::live
