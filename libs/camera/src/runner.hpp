#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/camera/publisher.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/web_socket.hpp"
#include "surveillx/signaling/client_session.hpp"

#include "sender.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace surveillx::camera {

/// One try to publish, from connecting to whatever ends it, then the wait for the next. Everything
/// but the source's pictures happens on the loop, whose thread alone may use it.
class Runner : public std::enable_shared_from_this<Runner> {
 public:
  Runner(PublisherOptions options, Publisher::Events events, std::unique_ptr<Source> source,
         net::EventLoop& loop);

  void connect();
  /// Says goodbye. Nothing is told any more; `closed` runs when the socket is gone.
  void stop(std::function<void()> closed);
  void vanish();
  void cut_socket();

 private:
  [[nodiscard]] static SteadyTime now() { return system_clock().steady(); }
  [[nodiscard]] bool stale(std::uint64_t attempt) const { return done_ || attempt != attempt_; }
  void tell(PublisherState state, const std::string& detail);

  void opened(net::WebSocketPtr socket);
  void not_opened(const Error& error);
  void drop_socket();

  void perform(const signaling::client::Actions& actions);
  void act(const signaling::client::Send& send);
  void act(const signaling::client::MakeOffer& make);
  void act(const signaling::client::SetAnswer& answer);
  void act(const signaling::client::AddCandidate& add);
  void act(const signaling::client::Finish& end);
  /// For the time limit of the state machine.
  void arm();

  [[nodiscard]] Result<void> start_media(const std::vector<signaling::IceServer>& welcome_servers);
  void end_media();

  /// This try is over: the next one after a wait, or none.
  void finish(const signaling::client::Finish& end);
  void give_up(const signaling::client::Finish& end);

  PublisherOptions options_;
  Publisher::Events events_;
  std::unique_ptr<Source> source_;
  net::EventLoop& loop_;
  BackOff back_off_;
  net::Timer retry_;
  net::Timer limit_;
  std::optional<signaling::ClientSession> session_;
  net::WebSocketPtr socket_;
  std::shared_ptr<Sender> sender_;
  std::uint64_t attempt_ = 0;
  bool done_ = false;
};

}  // namespace surveillx::camera
