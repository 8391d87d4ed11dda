#pragma once

#include "surveillx/camera/source.hpp"

#include <string>

namespace surveillx::camera {

inline constexpr frame::Size kDefaultSize{1280, 720};
inline constexpr int kDefaultFps = 30;

/// The drawn people of libs/demo, on a thread that draws one picture each frame time.
[[nodiscard]] Result<std::unique_ptr<Source>> open_demo_source(frame::Size size, int fps);

/// Pictures from a GStreamer pipeline of its own, ended by an appsink named `pictures`. With
/// `loops`, it starts again from the beginning when it reaches its end.
[[nodiscard]] Result<std::unique_ptr<Source>> open_pipeline_source(std::string description,
                                                                   bool loops);
/// Plays up to the first picture: `source_unreadable` when there is none.
[[nodiscard]] Result<void> probe(const std::string& description);

}  // namespace surveillx::camera
