#pragma once

#include <boost/json/object.hpp>

#include "surveillx/domain/types.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"

/// The JSON that an original-style server is sent (contracts/socketio.md, legacy publishing): the
/// camera's number for its id, RFC 3339 for milliseconds. Pure.
namespace surveillx::mediaserver {

/// With the JPEG as base64.
[[nodiscard]] boost::json::object legacy_frame(const domain::Camera& camera,
                                               const live::Frame& frame);
[[nodiscard]] boost::json::object legacy_detection(const domain::Camera& camera,
                                                   const live::Detection& detection);

}  // namespace surveillx::mediaserver
