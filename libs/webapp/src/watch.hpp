#pragma once

#include "surveillx/domain/types.hpp"
#include "surveillx/socketio/event.hpp"
#include "surveillx/store/attendance_book.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

/// The Socket.IO payloads of contracts/socketio.md as values, and what makes one acceptable. Media
/// holds a token, but what it sends still reaches browsers: nothing malformed is passed on.
namespace surveillx::webapp {

/// Media's `frame`. The JPEG is shared, not copied.
struct FramePayload {
  CameraId camera_id;
  std::int64_t seq = 0;
  std::int64_t timestamp = 0;
  int width = 0;
  int height = 0;
  SharedBytes jpeg;
};

/// A `camera` event: what is known of a camera beside its place in the database.
struct CameraPayload {
  CameraId camera_id;
  std::string name;
  domain::CameraState state = domain::CameraState::offline;
  std::string reason;  ///< Empty: null.
  double fps = 0;
  int width = 0;
  int height = 0;
  std::string codec;
};

struct WatchPayload {
  std::optional<std::vector<std::string>> cameras;  ///< Nothing: all.
  double max_fps = 15;                              ///< 1 to 60.
  int max_width = 640;                              ///< 320, 640 or 1280.
};

/// What media tells about its engine when it connects.
struct EngineFacts {
  std::string name;
  std::string model;
  bool trial = false;
  std::string notice;
};

/// Nothing when the event's one argument is not what the contract says.
[[nodiscard]] std::optional<FramePayload> parse_frame(const socketio::Arguments& arguments);
[[nodiscard]] std::optional<CameraPayload> parse_camera(const socketio::Arguments& arguments);
[[nodiscard]] std::optional<WatchPayload> parse_watch(const socketio::Arguments& arguments);
[[nodiscard]] std::optional<EngineFacts> parse_engine(const boost::json::object& auth);
/// The camera a well-formed `detection` is about.
[[nodiscard]] std::optional<CameraId> parse_detection(const socketio::Arguments& arguments);
[[nodiscard]] bool is_attendance(const socketio::Arguments& arguments);
/// What the database says about a record, as the event that viewers get.
[[nodiscard]] socketio::Arguments attendance_event(const store::AttendanceChange& change);

[[nodiscard]] boost::json::object to_json(const CameraPayload& camera);

/// The width among 320, 640 and 1280 that a picture or a wish belongs to: the smallest that is not
/// smaller, at most 1280.
[[nodiscard]] int width_class(std::int64_t width);

}  // namespace surveillx::webapp
