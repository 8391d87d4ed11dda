// Our receiver under measurement: reads one JSON line with an offer, writes one with the answer,
// turns each frame into BGR in the frame callback, stamps the time and reads the frame's number.
// When its input ends it writes {"received": [[number, ns], ...], "cpu_percent": ...}.
#include "surveillx/base/log.hpp"
#include "surveillx/frame/convert.hpp"
#include "surveillx/test_support/frame_number.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "clock.hpp"

#include <boost/json.hpp>

#include <future>
#include <iostream>

namespace {

using namespace surveillx;

/// Touched by the frame callback only, until the session is closed.
struct Measured {
  std::vector<std::uint8_t> bgr;
  boost::json::array received;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  std::int64_t cpu_at_first = 0;
  std::int64_t cpu_at_last = 0;

  void frame(const frame::Picture& picture) {
    const auto size = picture.size();
    const int stride = size.width * 3;
    bgr.resize(static_cast<std::size_t>(stride) * static_cast<std::size_t>(size.height));
    frame::to_bgr(picture, bgr.data(), stride);
    const auto now = bench::now_ns();
    const auto number =
        test_support::read_number(bgr.data() + 1, 3, stride, size.width, size.height);
    if (number) {
      received.push_back(boost::json::array{*number, now});
    }
    last_ns = now;
    cpu_at_last = bench::cpu_ns();
    if (first_ns == 0) {
      first_ns = last_ns;
      cpu_at_first = cpu_at_last;
    }
  }

  [[nodiscard]] double cpu_percent() const {
    if (last_ns <= first_ns) return 0;
    return 100.0 * static_cast<double>(cpu_at_last - cpu_at_first) /
           static_cast<double>(last_ns - first_ns);
  }
};

int run() {
  log::set_level(std::getenv("SURVEILLX_BENCH_LOG") != nullptr ? log::Level::debug
                                                               : log::Level::warn);
  webrtc::warm_up().value();
  std::string line;
  std::getline(std::cin, line);
  const std::string offer(boost::json::parse(line).at("offer").as_string());
  auto measured = std::make_shared<Measured>();
  auto answer = std::make_shared<std::promise<std::string>>();
  webrtc::SessionEvents events;
  events.on_answer = [answer](std::string sdp) { answer->set_value(std::move(sdp)); };
  const auto stream = stream::CameraStream::create({}, {});
  const auto tap = stream->tap_decoded(
      [measured](const frame::Frame& frame) { measured->frame(*frame.picture); });
  const auto session = webrtc::PeerSession::answer({}, offer, stream, std::move(events)).value();
  std::cout << boost::json::serialize(boost::json::object{{"answer", answer->get_future().get()}})
            << std::endl;
  while (std::getline(std::cin, line)) {
  }
  const auto stats = session->stats();
  log::debug("latency.stats", {{"packets", stats.packets_received},
                               {"lost", stats.packets_lost},
                               {"nacks", stats.nacks_sent},
                               {"keyframe_requests", stats.keyframe_requests},
                               {"frames", stats.frames_decoded}});
  session->close();
  std::cout << boost::json::serialize(boost::json::object{{"received", measured->received},
                                                          {"cpu_percent", measured->cpu_percent()}})
            << std::endl;
  webrtc::drain(std::chrono::seconds(5));
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::cerr << "latency_receiver: " << error.what() << '\n';
    return 1;
  }
}
