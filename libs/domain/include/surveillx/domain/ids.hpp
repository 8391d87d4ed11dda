#pragma once

#include "surveillx/base/id.hpp"

namespace surveillx {

using PersonId = Id<struct PersonTag>;
using PhotoId = Id<struct PhotoTag>;
using CameraId = Id<struct CameraTag>;
using SightingId = Id<struct SightingTag>;
using UserId = Id<struct UserTag>;
/// One WebRTC session of a camera; a new one for every offer that is accepted.
using MediaSessionId = Id<struct MediaSessionTag>;

}  // namespace surveillx
