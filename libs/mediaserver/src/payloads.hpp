#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "surveillx/base/bytes.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/frame/picture.hpp"
#include "surveillx/socketio/event.hpp"

/// The JSON forms of contracts/socketio.md that media sends. Pure.
namespace surveillx::mediaserver {

/// One JPEG of a frame at one width.
struct EncodedFrame {
  CameraId camera;
  std::int64_t camera_number = 0;
  std::uint64_t seq = 0;
  UnixMillis timestamp{};
  frame::Size size;
  SharedBytes jpeg;
};

/// The faces of one analysed frame.
struct Detection {
  CameraId camera;
  std::int64_t camera_number = 0;
  std::uint64_t seq = 0;
  UnixMillis timestamp{};
  std::vector<domain::Face> faces;
};

/// How a camera is doing.
struct CameraReport {
  domain::Camera camera;
  domain::CameraState state = domain::CameraState::offline;
  std::string reason;  ///< For people; empty when there is nothing to say.
  double fps = 0;
  frame::Size size;
  std::string codec;   ///< `VP8`, `H264` or empty.
};

/// A person's record after a sighting was stored.
struct AttendanceNews {
  domain::AttendanceRecord record;
  CameraId camera;
  bool is_new = false;
};

[[nodiscard]] socketio::Arguments frame_payload(const EncodedFrame& frame);
/// For an original-style server: base64, the camera's number, RFC 3339.
[[nodiscard]] socketio::Arguments legacy_frame_payload(const EncodedFrame& frame);
[[nodiscard]] socketio::Arguments detection_payload(const Detection& detection);
[[nodiscard]] socketio::Arguments legacy_detection_payload(const Detection& detection);
[[nodiscard]] socketio::Arguments camera_payload(const CameraReport& report);
[[nodiscard]] socketio::Arguments attendance_payload(const AttendanceNews& news);

}  // namespace surveillx::mediaserver
