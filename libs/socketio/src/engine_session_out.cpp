// What a session sends: to a poll, to a WebSocket, or into the outbox of a peer that is behind.
#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/net/address.hpp"

#include "encoded_event.hpp"
#include "engine_session.hpp"

#include <utility>

namespace surveillx::socketio {

void EngineSession::send_text(std::string_view text) { send(encode_message("", text)); }

void EngineSession::send_binary(SharedBytes bytes) {
  send(std::make_shared<const EncodedEvent>(std::string(), SharedBytes(),
                                            std::vector<SharedBytes>{std::move(bytes)}));
}

void EngineSession::send(const EncodedEventPtr& event) {
  if (state_ != State::open) return;
  const std::size_t waiting = polling() ? outbox_.event_count() : web_socket_->queued();
  const std::size_t bytes = polling() ? outbox_.event_bytes() : web_socket_->queued_bytes();
  const ServerOptions& options = context_->options;
  const std::size_t most = admitted_ ? options.max_unsent_bytes : stranger_unsent_bytes();
  if (waiting > 0 &&
      (waiting >= options.max_unsent_events || bytes + event->bytes() > most)) {
    ++context_->stats.overflows;
    log::stranger(log::Level::warn, "socketio.peer_too_slow",
                  net::address_group(request_.remote_address),
                  {{"remote", request_.remote_address},
                   {"transport", polling() ? "polling" : "websocket"},
                   {"unsent_events", waiting},
                   {"unsent_bytes", bytes}});
    return finish(Ending::at_once, "send buffer overflow");
  }
  queue(event);
}

/// An Engine.IO server of its own has no CONNECT to be let in by: then there are no strangers.
std::size_t EngineSession::stranger_unsent_bytes() const {
  const ServerOptions& options = context_->options;
  return options.stranger_payload > 0 ? options.stranger_unsent_bytes : options.max_unsent_bytes;
}

void EngineSession::queue(EncodedEventPtr event) {
  if (polling()) {
    outbox_.push(std::move(event));
    flush_soon();
  } else {
    write(*event);
  }
}

bool EngineSession::send_latest(std::uint32_t owner, std::string_view slot,
                                const EncodedEventPtr& event) {
  if (state_ != State::open) return true;
  if (!polling() && web_socket_->queued() == 0 && outbox_.empty()) {
    write(*event);
    return true;
  }
  const bool placed = outbox_.push_latest(owner, slot, event);
  if (!placed) ++context_->stats.latest_dropped;
  if (polling()) flush_soon();
  return placed;
}

void EngineSession::drop_latest(std::uint32_t owner, std::string_view slot) {
  outbox_.drop_latest(owner, slot);
}

void EngineSession::drop_latest(std::uint32_t owner) { outbox_.drop_latest(owner); }

/// What is sent in one go shares the answer to one poll.
void EngineSession::flush_soon() {
  if (!pending_poll_ || flush_posted_) return;
  flush_posted_ = true;
  context_->loop.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->flush_posted_ = false;
    self->flush();
  });
}

void EngineSession::flush() {
  if (polling()) {
    flush_polling();
  } else {
    flush_web_socket();
  }
}

void EngineSession::flush_polling() {
  if (!pending_poll_) return;
  std::string body;
  std::size_t packets = 0;
  while (const EncodedEventPtr event = outbox_.next()) {
    const std::string_view encoded = event->polling();
    if (packets > 0 && (packets + event->packets() > kMaxPacketsSent ||
                        body.size() + encoded.size() > context_->options.max_payload)) {
      break;
    }
    if (packets > 0) body += kSeparator;
    body += encoded;
    packets += event->packets();
    count_sent(*event);
    outbox_.pop();
  }
  const bool last = state_ == State::closing && outbox_.empty();
  if (last) {
    if (packets > 0) body += kSeparator;
    body += kClosePacket;
  }
  if (body.empty()) {
    if (!probed_) return;
    body = kNoopPacket;
  }
  answer_poll(std::move(body));
  if (last) {
    state_ = State::closed;
    linger_.cancel();
    context_->forget(sid_);
  }
}

void EngineSession::flush_web_socket() {
  while (state_ == State::open) {
    const EncodedEventPtr event = outbox_.next();
    // Slots wait until nothing is unsent, so that what leaves then is the newest.
    if (!event || (outbox_.event_count() == 0 && web_socket_->queued() > 0)) return;
    outbox_.pop();
    write(*event);
  }
}

void EngineSession::write(const EncodedEvent& event) {
  if (!event.text().empty()) web_socket_->send_text(event.text());
  for (const SharedBytes& part : event.binaries()) web_socket_->send_binary(part);
  count_sent(event);
}

void EngineSession::count_sent(const EncodedEvent& event) {
  ++context_->stats.events_sent;
  context_->stats.bytes_sent += event.bytes();
}

}  // namespace surveillx::socketio
