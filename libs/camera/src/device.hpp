#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/frame/picture.hpp"

#include <string>

namespace surveillx::camera {

/// The gst-launch text of the capture device with this number, up to encoded or raw video of at
/// most `size`. One implementation a platform: device_linux.cpp (V4L2), device_windows.cpp (Media
/// Foundation). `source_missing` when there is no such device.
[[nodiscard]] Result<std::string> device_pipeline(int number, frame::Size size);

}  // namespace surveillx::camera
