#include "surveillx/camera/publisher.hpp"

#include "surveillx/gst/reaper.hpp"
#include "surveillx/net/event_loop.hpp"

#include "connect_advice.hpp"
#include "runner.hpp"
#include "sender.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace surveillx::camera {
namespace {

using namespace std::chrono_literals;

class LoopPublisher : public Publisher {
 public:
  LoopPublisher(PublisherOptions options, Events events, std::unique_ptr<Source> source) {
    loop_.start("camera");
    loop_.run_sync([&] {
      runner_ =
          std::make_shared<Runner>(std::move(options), std::move(events), std::move(source), loop_);
      runner_->connect();
    });
  }
  ~LoopPublisher() override { stop(); }

  void stop() override {
    if (!runner_) return;
    const auto goodbye = std::make_shared<Goodbye>();
    loop_.run_sync([&] {
      runner_->stop([goodbye] {
        const std::lock_guard lock(goodbye->mutex);
        goodbye->said = true;
        goodbye->changed.notify_all();
      });
    });
    {
      std::unique_lock lock(goodbye->mutex);
      goodbye->changed.wait_for(lock, 1500ms, [&] { return goodbye->said; });
    }
    end();
  }

  void vanish() override {
    if (!runner_) return;
    loop_.run_sync([&] { runner_->vanish(); });
    end();
  }

  void cut_socket() override {
    if (runner_) loop_.run_sync([&] { runner_->cut_socket(); });
  }

 private:
  struct Goodbye {
    std::mutex mutex;
    std::condition_variable changed;
    bool said = false;
  };

  void end() {
    // Timers and sockets belong to the loop's thread.
    loop_.run_sync([&] { runner_.reset(); });
    loop_.stop();
    (void)gst::drain_reaper(5s);
  }

  net::EventLoop loop_;
  std::shared_ptr<Runner> runner_;
};

}  // namespace

std::string_view to_string(PublisherState state) {
  switch (state) {
    case PublisherState::connecting:
      return "connecting";
    case PublisherState::connected:
      return "connected";
    case PublisherState::live:
      return "live";
    case PublisherState::waiting:
      return "waiting";
  }
  return "";
}

Result<std::unique_ptr<Publisher>> Publisher::start(PublisherOptions options, Events events) {
  if (!options.server.starts_with("ws://") && !options.server.starts_with("wss://")) {
    std::string message = "the server must be given as ws://HOST:PORT or wss://HOST:PORT";
    if (options.server.starts_with("http")) {
      const ServerAddress at = split_server(options.server);
      message += ": " + at.url(options.server.starts_with("https"), "8443") +
                 " if that is where its dashboard is";
    }
    return Error{kInvalidArgument, message};
  }
  if (split_server(options.server).host.empty()) {
    return Error{kInvalidArgument, "the server's address names no host"};
  }
  if (options.token.empty()) {
    return Error{kInvalidArgument,
                 "a camera's token is needed; surveillx cameras add NAME on the server prints one"};
  }
  if (options.format.fps && (*options.format.fps < 1 || *options.format.fps > 120)) {
    return Error{kInvalidArgument, "the frame rate must be from 1 to 120"};
  }
  // Says now which package is missing, and not at every try.
  if (const auto encoder = encoder_pipeline(options.codec, 1000, 30); !encoder) {
    return encoder.error();
  }
  auto source = Source::open(options.source, options.format);
  if (!source) return source.error();
  return std::unique_ptr<Publisher>(
      std::make_unique<LoopPublisher>(std::move(options), std::move(events), std::move(*source)));
}

}  // namespace surveillx::camera
