#ifdef _WIN32

#include "surveillx/camera/source.hpp"
#include "surveillx/gst/element.hpp"

#include "device.hpp"

namespace surveillx::camera {

// Media Foundation. Written after its documentation; not built or run by this project's tests,
// which have no Windows.
Result<std::string> device_pipeline(int number, frame::Size size) {
  if (const auto ready = gst::require({"mfvideosrc", "decodebin"}); !ready) return ready.error();
  const std::string limit = ",width=[1," + std::to_string(size.width) + "],height=[1," +
                            std::to_string(size.height) + "]";
  return "mfvideosrc device-index=" + std::to_string(number) + " ! capsfilter caps=\"image/jpeg" +
         limit + ";video/x-raw" + limit + "\" ! decodebin";
}

}  // namespace surveillx::camera

#endif
