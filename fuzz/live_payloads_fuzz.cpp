// What Socket.IO events carry between media, web and viewers, from the packet to the value: lines are
// messages of one connection, those that start with `b` binary. What is accepted holds what the
// contract (contracts/socketio.md) says.
#include "socket_codec.hpp"
#include "watch.hpp"

#include "surveillx/domain/node_name.hpp"
#include "surveillx/live/attendance.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/demand.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"
#include "surveillx/live/gallery.hpp"
#include "surveillx/live/media_hello.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace surveillx;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// What is accepted is the same when it is written and read again.
template <class Event>
void check_same(const boost::json::object& object) {
  const auto event = Event::from_json(object);
  if (!event) return;
  const auto same = Event::from_json(event->to_json());
  require(same && *same == *event);
}

void check_frame(const boost::json::object& object, const socketio::Arguments& arguments) {
  const auto frame = live::Frame::from_json(object, [&arguments](const boost::json::value& picture) {
    return socketio::attachment(arguments, picture);
  });
  if (!frame) return;
  require(!frame->jpeg.empty() && frame->seq >= 1 && frame->width > 0 && frame->height > 0);
  const int width = live::width_class(frame->width);
  require(width == 320 || width == 640 || width == 1280);
}

void check_detection(const boost::json::object& object) {
  const auto detection = live::Detection::from_json(object);
  if (!detection) return;
  const auto json = detection->to_json();
  const auto same = live::Detection::from_json(json);
  require(same && same->to_json() == json && same->faces.size() <= 256);
  for (const auto& face : detection->faces) {
    require(face.name.empty() || face.status == domain::FaceStatus::known);
  }
}

void check_demand(const boost::json::object& object) {
  check_same<live::Demand>(object);
  const auto demand = live::Demand::from_json(object);
  if (!demand) return;
  for (const auto& [camera, wanted] : demand->cameras) {
    require(wanted.fps >= 0 && wanted.fps <= 60 && wanted.widths.size() <= 2);
  }
}

void check(const socketio::Arguments& arguments) {
  if (const auto watch = webapp::parse_watch(arguments)) {
    require(watch->max_fps >= 1 && watch->max_fps <= 60);
    require(watch->max_width == 320 || watch->max_width == 640 || watch->max_width == 1280);
  }
  for (const auto& argument : arguments.args) {
    const auto* object = argument.if_object();
    if (object == nullptr) continue;
    check_frame(*object, arguments);
    check_detection(*object);
    check_demand(*object);
    check_same<live::CameraReport>(*object);
    check_same<live::Attendance>(*object);
    check_same<live::Gallery>(*object);
  }
}

void check_auth(const boost::json::object& auth) {
  const auto hello = live::MediaHello::from_json(auth);
  if (!hello) return;
  require(hello->node.empty() || domain::is_node_name(hello->node));
  const auto same = live::MediaHello::from_json(hello->to_json());
  require(same && *same == *hello);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  socketio::Assembler assembler;
  for (std::size_t start = 0; start <= input.size();) {
    const std::size_t end = std::min(input.find('\n', start), input.size());
    const std::string_view line = input.substr(start, end - start);
    start = end + 1;
    auto packet = line.starts_with('b')
                      ? assembler.add_binary(SharedBytes(std::string(line.substr(1))))
                      : assembler.add_text(line);
    if (packet.has_error()) break;
    if (!packet.value()) continue;
    check(packet.value()->arguments);
    if (const auto* auth = packet.value()->data.if_object()) check_auth(*auth);
  }
  return 0;
}
