#include "runner.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/signaling/codec.hpp"

#include "connect_advice.hpp"

#include <algorithm>
#include <iomanip>
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

}  // namespace

Runner::Runner(PublisherOptions options, Publisher::Events events, std::unique_ptr<Source> source,
               net::EventLoop& loop)
    : options_(std::move(options)),
      events_(std::move(events)),
      source_(std::move(source)),
      loop_(loop),
      back_off_(options_.back_off),
      retry_(loop),
      limit_(loop) {}

void Runner::connect() {
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

void Runner::stop(std::function<void()> closed) {
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
  socket_->on_close = [closed = std::move(closed)](std::uint16_t, const std::string&) { closed(); };
  socket_->close(1000, "bye");
}

void Runner::vanish() {
  done_ = true;
  ++attempt_;
  retry_.cancel();
  limit_.cancel();
  drop_socket();
  end_media();
}

void Runner::cut_socket() {
  if (socket_) socket_->abort();
}

void Runner::tell(PublisherState state, const std::string& detail) {
  if (!done_ && events_.on_state) events_.on_state(state, detail);
}

void Runner::not_opened(const Error& error) {
  // A certificate that does not fit the pin may be replaced by the right one; so try on.
  finish({false, std::string(error.name.text()),
          connect_advice(error, options_.server, !options_.trust.pin_sha256.empty())});
}

void Runner::opened(net::WebSocketPtr socket) {
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

void Runner::perform(const client::Actions& actions) {
  const auto attempt = attempt_;
  for (const client::Action& action : actions) {
    if (attempt != attempt_) return;
    std::visit([this](const auto& one) { act(one); }, action);
  }
  arm();
}

void Runner::act(const client::Send& send) {
  log::debug("camera.send", {{"message", signaling::redact(send.message)}});
  if (socket_) socket_->send_text(SharedBytes(signaling::encode(send.message)));
}

void Runner::act(const client::MakeOffer& make) {
  tell(PublisherState::connected, make.camera_id);
  const auto started = start_media(make.ice_servers);
  if (!started) {
    log::error("camera.sender_failed", {{"error", started.error().message}});
    perform(session_->media_failed(started.error().message));
  }
}

void Runner::act(const client::SetAnswer& answer) {
  if (sender_) sender_->set_answer(answer.sdp);
}

void Runner::act(const client::AddCandidate& add) {
  if (sender_) sender_->add_candidate(add.candidate, add.mline_index);
}

void Runner::act(const client::Finish& end) { finish(end); }

Result<void> Runner::start_media(const std::vector<signaling::IceServer>& welcome_servers) {
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

void Runner::end_media() {
  source_->stop();
  if (!sender_) return;
  sender_->close();
  sender_.reset();
}

void Runner::drop_socket() {
  if (!socket_) return;
  socket_->on_message = {};
  socket_->on_close = {};
  socket_->abort();
  socket_.reset();
}

void Runner::finish(const client::Finish& end) {
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

void Runner::give_up(const client::Finish& end) {
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

void Runner::arm() {
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

}  // namespace surveillx::camera
