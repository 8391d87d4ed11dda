#include "surveillx/camera/source.hpp"

#include "surveillx/gst/element.hpp"

#include "device.hpp"
#include "sources.hpp"

#include <charconv>
#include <filesystem>

namespace surveillx::camera {
namespace {

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A path as a value in gst-launch text.
std::string quoted(const std::string& path) {
  std::string out = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string raw_caps(const std::optional<frame::Size>& size, const std::optional<int>& fps) {
  std::string caps = "video/x-raw,format=I420,pixel-aspect-ratio=1/1";
  if (size) {
    caps += ",width=" + std::to_string(size->width) + ",height=" + std::to_string(size->height);
  }
  if (fps) caps += ",framerate=" + std::to_string(*fps) + "/1";
  return caps;
}

Result<std::unique_ptr<Source>> open_file(const std::string& path, const VideoFormat& format) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) {
    return Error{kSourceMissing, "there is no file '" + path + "' to play"};
  }
  // Video only, so that an audio track is not even decoded.
  std::string description = "filesrc location=" + quoted(path) +
                            " ! decodebin caps=video/x-raw(ANY) expose-all-streams=false ! "
                            "videoconvert ! videoscale add-borders=true ! ";
  if (format.fps) description += "videorate ! ";
  description += raw_caps(format.size, format.fps) +
                 " ! appsink name=pictures sync=true max-buffers=2 drop=true";
  if (const auto playable = probe(description); !playable) {
    return Error{playable.error().name, "'" + path + "': " + playable.error().message};
  }
  return open_pipeline_source(std::move(description), true);
}

}  // namespace

Result<SourceSpec> parse_source(std::string_view text) {
  SourceSpec spec;
  if (text == "demo") return spec;
  if (text == "test") {
    spec.kind = SourceSpec::Kind::test;
    return spec;
  }
  if (text.starts_with("file:") && text.size() > 5) {
    spec.kind = SourceSpec::Kind::file;
    spec.path = std::string(text.substr(5));
    return spec;
  }
  if (text == "device" || text.starts_with("device:")) {
    spec.kind = SourceSpec::Kind::device;
    const std::optional<int> number = text == "device" ? 0 : whole_number(text.substr(7));
    if (number && *number >= 0 && *number < 1000) {
      spec.device = *number;
      return spec;
    }
  }
  return Error{kInvalidArgument, "source '" + std::string(text) +
                                     "' is not one of demo, test, file:PATH, device, device:N"};
}

Result<frame::Size> parse_size(std::string_view text) {
  const std::size_t x = text.find('x');
  if (x != std::string_view::npos) {
    const auto width = whole_number(text.substr(0, x));
    const auto height = whole_number(text.substr(x + 1));
    if (width && height && *width >= 160 && *width <= 4096 && *height >= 120 && *height <= 2304 &&
        *width % 2 == 0 && *height % 2 == 0) {
      return frame::Size{*width, *height};
    }
  }
  return Error{kInvalidArgument, "size '" + std::string(text) +
                                     "' is not WIDTHxHEIGHT, both even, from 160x120 to 4096x2304"};
}

Result<std::unique_ptr<Source>> Source::open(const SourceSpec& spec, const VideoFormat& format) {
  if (const auto ready = gst::require({"appsink", "videoconvert", "videoscale", "videorate"});
      !ready) {
    return ready.error();
  }
  const frame::Size size = format.size.value_or(kDefaultSize);
  const int fps = format.fps.value_or(kDefaultFps);
  switch (spec.kind) {
    case SourceSpec::Kind::demo:
      return open_demo_source(size, fps);
    case SourceSpec::Kind::test:
      return open_pipeline_source("videotestsrc is-live=true pattern=ball ! " +
                                      raw_caps(size, fps) +
                                      " ! appsink name=pictures sync=false max-buffers=2 drop=true",
                                  false);
    case SourceSpec::Kind::file:
      return open_file(spec.path, format);
    case SourceSpec::Kind::device: {
      const auto device = device_pipeline(spec.device, size);
      if (!device) return device.error();
      return open_pipeline_source(
          *device + " ! videoconvert ! videoscale add-borders=true ! videorate drop-only=false ! " +
              raw_caps(size, fps) + " ! appsink name=pictures sync=false max-buffers=2 drop=true",
          false);
    }
  }
  return Error{kInternal, "unknown kind of source"};
}

}  // namespace surveillx::camera
