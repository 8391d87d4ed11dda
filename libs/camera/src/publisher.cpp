#include "surveillx/camera/publisher.hpp"

#include "surveillx/base/clock.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/web_socket.hpp"
#include "surveillx/signaling/client_session.hpp"
#include "surveillx/signaling/codec.hpp"

#include "connect_advice.hpp"
#include "sender.hpp"

#include <atomic>
#include <condition_variable>
#include <iomanip>
#include <mutex>
#include <sstream>
#include <utility>

namespace surveillx::camera {
namespace {

using namespace std::chrono_literals;
namespace client = signaling::client;

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string in_seconds(std::chrono::milliseconds wait) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << static_cast<double>(wait.count()) / 1000 << " s";
  return out.str();
}

/// One try to publish, from connecting to whatever ends it, then the wait for the next. Everything
/// but the source's pictures happens on the loop.
class Runner : public std::enable_shared_from_this<Runner> {
 public:
  Runner(PublisherOptions options, Publisher::Events events, std::unique_ptr<Source> source,
         net::EventLoop& loop)
      : options_(std::move(options)),
        events_(std::move(events)),
        source_(std::move(source)),
        loop_(loop),
        back_off_(options_.back_off),
        retry_(loop),
        limit_(loop) {}

  void connect() {
    if (done_) return;
    ++attempt_;
    tell(PublisherState::connecting, signaling::redact_url(options_.server));
    session_.emplace(signaling::ClientSession::Options{options_.token, options_.name});
    net::ClientRequest request;
    request.url = options_.server;
    request.trust = options_.trust;
    request.headers.add("Authorization", "Bearer " + options_.token);
    net::WebSocketOptions socket_options;
    socket_options.max_message_bytes = signaling::kMaxMessageBytes;
    net::connect_web_socket(loop_, std::move(request), socket_options,
                            [weak = weak_from_this(), attempt = attempt_](auto opened) {
                              const auto self = weak.lock();
                              if (!self || self->stale(attempt)) {
                                if (opened) (*opened)->abort();
                                return;
                              }
                              if (opened) {
                                self->opened(std::move(*opened));
                              } else {
                                self->not_opened(opened.error());
                              }
                            });
  }

  /// Says goodbye. Nothing is told any more; `closed` runs when the socket is gone.
  void stop(std::function<void()> closed) {
    done_ = true;
    if (session_) perform(session_->stop());
    end_media();
    retry_.cancel();
    limit_.cancel();
    if (!socket_) {
      closed();
      return;
    }
    socket_->on_message = {};
    socket_->on_close = [closed = std::move(closed)](std::uint16_t, const std::string&) {
      closed();
    };
    socket_->close(1000, "bye");
  }

  void vanish() {
    done_ = true;
    ++attempt_;
    retry_.cancel();
    limit_.cancel();
    drop_socket();
    end_media();
  }

  void cut_socket() {
    if (socket_) socket_->abort();
  }

 private:
  [[nodiscard]] static SteadyTime now() { return system_clock().steady(); }
  [[nodiscard]] bool stale(std::uint64_t attempt) const { return done_ || attempt != attempt_; }

  void tell(PublisherState state, const std::string& detail) {
    if (!done_ && events_.on_state) events_.on_state(state, detail);
  }

  void not_opened(const Error& error) {
    // A certificate that does not fit the pin may be replaced by the right one; so try on.
    finish({false, std::string(error.name.text()),
            connect_advice(error, options_.server, !options_.trust.pin_sha256.empty())});
  }

  void opened(net::WebSocketPtr socket) {
    socket_ = std::move(socket);
    const auto weak = weak_from_this();
    const auto attempt = attempt_;
    socket_->on_message = [weak, attempt](const SharedBytes& message, bool binary) {
      const auto self = weak.lock();
      if (!self || self->stale(attempt) || binary) return;
      self->perform(self->session_->text(now(), message.text()));
    };
    socket_->on_close = [weak, attempt](std::uint16_t code, const std::string& reason) {
      const auto self = weak.lock();
      if (!self || self->stale(attempt)) return;
      self->socket_.reset();
      self->perform(self->session_->socket_closed(code, reason));
    };
    perform(session_->socket_opened(now()));
  }

  void perform(const client::Actions& actions) {
    const auto attempt = attempt_;
    for (const client::Action& action : actions) {
      if (attempt != attempt_) return;
      std::visit([this](const auto& one) { act(one); }, action);
    }
    arm();
  }

  void act(const client::Send& send) {
    log::debug("camera.send", {{"message", signaling::redact(send.message)}});
    if (socket_) socket_->send_text(SharedBytes(signaling::encode(send.message)));
  }

  void act(const client::MakeOffer& make) {
    tell(PublisherState::connected, make.camera_id);
    const auto started = start_media(make.ice_servers);
    if (!started) {
      log::error("camera.sender_failed", {{"error", started.error().message}});
      perform(session_->media_failed(started.error().message));
    }
  }

  void act(const client::SetAnswer& answer) {
    if (sender_) sender_->set_answer(answer.sdp);
  }

  void act(const client::AddCandidate& add) {
    if (sender_) sender_->add_candidate(add.candidate, add.mline_index);
  }

  void act(const client::Finish& end) { finish(end); }

  Result<void> start_media(const std::vector<signaling::IceServer>& welcome_servers) {
    Sender::Options options;
    options.codec = options_.codec;
    options.bitrate_kbps = options_.bitrate_kbps;
    options.fps = options_.format.fps.value_or(30);
    options.ice_policy = options_.ice_policy;
    options.ice_servers = options_.ice_servers;
    for (auto& server : servers_of(welcome_servers)) {
      options.ice_servers.push_back(std::move(server));
    }
    // A server on this machine listens for media on 127.0.0.1 only, unless a relay is to be used.
    options.loopback_only = is_loopback(split_server(options_.server).host) &&
                            options_.ice_policy == IcePolicy::all && options_.ice_servers.empty();

    const auto post = [weak = weak_from_this(), attempt = attempt_, &loop = loop_](auto fn) {
      return [weak, attempt, &loop, fn](auto... news) {
        loop.post([weak, attempt, fn, news...]() mutable {
          const auto self = weak.lock();
          if (self && !self->stale(attempt)) fn(*self, std::move(news)...);
        });
      };
    };
    Sender::Events events;
    events.on_offer = post([](Runner& self, std::string sdp) {
      self.perform(self.session_->local_offer(now(), std::move(sdp)));
    });
    events.on_candidate = post([](Runner& self, std::string candidate, int mline) {
      self.perform(self.session_->local_candidate(std::move(candidate), mline));
    });
    events.on_live = post([](Runner& self) {
      self.back_off_.reset();
      self.tell(PublisherState::live, "");
    });
    events.on_failed = post([](Runner& self, const std::string& reason) {
      self.perform(self.session_->media_failed(reason));
    });
    auto sender = Sender::create(options, std::move(events));
    if (!sender) return sender.error();
    sender_ = std::move(*sender);

    Source::Events from_source;
    from_source.on_picture = [sender = sender_](const gst::Ref<GstSample>& picture) {
      sender->push(picture);
    };
    from_source.on_failure = post([](Runner& self, const Error& error) {
      self.perform(self.session_->media_failed(error.message));
    });
    return source_->start(std::move(from_source));
  }

  void end_media() {
    source_->stop();
    if (!sender_) return;
    sender_->close();
    sender_.reset();
  }

  void drop_socket() {
    if (!socket_) return;
    socket_->on_message = {};
    socket_->on_close = {};
    socket_->abort();
    socket_.reset();
  }

  void finish(const client::Finish& end) {
    ++attempt_;  // What is still on its way belongs to the past.
    limit_.cancel();
    if (socket_) {
      // Lets a `bye` out before it closes.
      socket_->on_message = {};
      socket_->on_close = {};
      socket_->close(1000, "");
      socket_.reset();
    }
    end_media();
    if (end.fatal) {
      give_up(end);
      return;
    }
    auto wait = back_off_.next();
    // Sooner it would only be refused again.
    if (end.code == signaling::kCodeTooManyOffers) wait = std::max<decltype(wait)>(wait, 10s);
    log::info("camera.retry", {{"reason", end.code}, {"in_ms", wait.count()}});
    tell(PublisherState::waiting, end.message + "; trying again in " + in_seconds(wait));
    retry_.start(wait, [this] { connect(); });
  }

  void give_up(const client::Finish& end) {
    done_ = true;
    if (!events_.on_finished) return;
    if (end.code == signaling::kCodeTakenOver) {
      events_.on_finished(
          Error{kTakenOver,
                "another client publishes with this camera's token now; stop it, or "
                "give this one a camera of its own (surveillx cameras add NAME)"});
    } else {
      events_.on_finished(
          Error{kRefused, "the server does not accept the token (" + end.message +
                              "); surveillx cameras token NAME on the server prints a new one"});
    }
  }

  void arm() {
    if (done_ || !session_) return;
    const auto deadline = session_->deadline();
    if (!deadline) {
      limit_.cancel();
      return;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - now());
    limit_.start(std::max(left, 0ms), [this] {
      if (session_) perform(session_->tick(now()));
    });
  }

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
