#ifdef __linux__

#include "surveillx/camera/source.hpp"
#include "surveillx/gst/element.hpp"

#include "device.hpp"

#include <sys/stat.h>

namespace surveillx::camera {

Result<std::string> device_pipeline(int number, frame::Size size) {
  const std::string path = "/dev/video" + std::to_string(number);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISCHR(info.st_mode)) {
    return Error{kSourceMissing, "there is no video device " + path +
                                     "; v4l2-ctl --list-devices shows what is connected"};
  }
  if (const auto ready = gst::require({"v4l2src", "decodebin"}); !ready) return ready.error();
  const std::string limit = ",width=[1," + std::to_string(size.width) + "],height=[1," +
                            std::to_string(size.height) + "]";
  // Motion JPEG first: over USB 2 most webcams have 720p at 30 fps only so.
  return "v4l2src device=" + path + " ! capsfilter caps=\"image/jpeg" + limit + ";video/x-raw" +
         limit + "\" ! decodebin";
}

}  // namespace surveillx::camera

#endif
