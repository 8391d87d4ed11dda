// What Socket.IO events carry between media, web and viewers, from the packet to the value: lines are
// messages of one connection, those that start with `b` binary. What is accepted holds what the
// contract (contracts/socketio.md) says.
#include "payloads.hpp"
#include "socket_codec.hpp"

#include "surveillx/live/demand.hpp"

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

void check(const socketio::Arguments& arguments) {
  if (const auto frame = webapp::parse_frame(arguments)) {
    require(!frame->jpeg.empty() && frame->seq >= 1 && frame->width > 0 && frame->height > 0);
    const int width = webapp::width_class(frame->width);
    require(width == 320 || width == 640 || width == 1280);
  }
  if (const auto camera = webapp::parse_camera(arguments)) {
    const auto json = webapp::to_json(*camera);
    socketio::Arguments again;
    again.args.emplace_back(json);
    const auto same = webapp::parse_camera(again);
    require(same && same->camera_id == camera->camera_id && same->reason == camera->reason);
  }
  if (const auto watch = webapp::parse_watch(arguments)) {
    require(watch->max_fps >= 1 && watch->max_fps <= 60);
    require(watch->max_width == 320 || watch->max_width == 640 || watch->max_width == 1280);
  }
  (void)webapp::parse_detection(arguments);
  (void)webapp::is_attendance(arguments);
  for (const auto& argument : arguments.args) {
    const auto* object = argument.if_object();
    if (object == nullptr) continue;
    const auto demand = live::Demand::from_json(*object);
    if (!demand) continue;
    for (const auto& [camera, wanted] : demand->cameras) {
      require(wanted.fps >= 0 && wanted.fps <= 60 && wanted.widths.size() <= 2);
    }
  }
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
    if (const auto* auth = packet.value()->data.if_object()) (void)webapp::parse_engine(*auth);
  }
  return 0;
}
