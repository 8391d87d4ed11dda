#include "web_socket_connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace surveillx::net {

using web_socket::Opcode;

namespace {

constexpr std::chrono::milliseconds kCloseTimeout{1'000};
constexpr int kUnsentBytes = 128 * 1024;

}  // namespace

std::shared_ptr<WebSocketConnection> WebSocketConnection::create(EventLoop& loop, Setup setup) {
  auto self = std::make_shared<WebSocketConnection>(loop, std::move(setup));
  self->self_ = self;
  loop.impl().core->bound.insert(self.get());
  return self;
}

WebSocketConnection::WebSocketConnection(EventLoop& loop, Setup setup)
    : loop_(loop),
      stream_(std::move(setup.stream)),
      remote_address_(setup.remote_address.empty() ? stream_->remote_address()
                                                   : std::move(setup.remote_address)),
      role_(setup.role),
      ping_interval_(setup.options.ping_interval),
      over_(std::move(setup.over)),
      receiver_(setup.role, setup.options.max_message_bytes, setup.received),
      sender_(setup.role),
      last_heard_(std::chrono::steady_clock::now()),
      timer_(loop),
      receiver_timer_(loop) {
  if (!setup.preamble.empty()) sender_.preamble(std::move(setup.preamble));
  stream_->limit_unsent_bytes(kUnsentBytes);
}

void WebSocketConnection::start() {
  if (state_ == State::over) return;
  if (!sender_.empty()) schedule_flush();
  watch_peer();
  consume_input();
}

// --- Receiving ---

void WebSocketConnection::read_more() {
  if (reading_ || receiver_missing_ || state_ == State::over) return;
  reading_ = true;
  const auto room = receiver_.prepare();
  stream_->read(asio::buffer(room.data(), room.size()), shared_from_this());
}

void WebSocketConnection::on_read(const error_code& ec, std::size_t size) {
  reading_ = false;
  if (state_ == State::over) return;
  if (ec) {
    // Without a close frame this stays 1006; after our own failure it is that failure's code.
    finish(close_reason_.code, close_reason_.reason, true);
    return;
  }
  last_heard_ = std::chrono::steady_clock::now();
  ping_sent_ = false;
  receiver_.commit(size);
  consume_input();
}

void WebSocketConnection::consume_input() {
  using Event = web_socket::Receiver::Event;
  while (state_ != State::over) {
    switch (receiver_.next()) {
      case Event::need_more:
        return read_more();
      case Event::message:
        if (!deliver()) return;
        break;
      case Event::ping:
        if (state_ != State::open) break;
        sender_.pong(receiver_.control());
        schedule_flush();
        break;
      case Event::close:
        received_close();
        break;
      case Event::failed:
        received_failure();
        break;
    }
  }
}

/// False when the connection is over or waits, so that the caller stops.
bool WebSocketConnection::deliver() {
  if (close_queued_) return true;  // We have said that we no longer listen.
  if (!on_message) {
    wait_for_receiver();
    return false;
  }
  // A copy, because the handler may put another in its place while it runs.
  const auto receive = on_message;
  const bool binary = receiver_.binary();
  receive(SharedBytes(receiver_.take_message()), binary);
  return state_ != State::over;
}

/// Holds the message, and TCP's flow control the peer, until somebody listens. The callback is a
/// plain member that tells nobody when it is set, hence the looking again.
void WebSocketConnection::wait_for_receiver() {
  receiver_missing_ = true;
  receiver_timer_.start(std::chrono::milliseconds(10), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->state_ == State::over) return;
    self->receiver_missing_ = false;
    self->last_heard_ = std::chrono::steady_clock::now();
    if (self->deliver()) self->consume_input();
  });
}

void WebSocketConnection::received_close() {
  if (close_received_) return;
  close_received_ = true;
  close_reason_ = receiver_.close_reason();
  if (!close_queued_) {
    sender_.drop_unsent();
    send_close(close_reason_.code, {});
  } else if (close_sent_) {
    close_frame_sent();
  }
}

void WebSocketConnection::received_failure() {
  const web_socket::CloseReason failure = receiver_.close_reason();
  if (!close_queued_) {
    sender_.drop_unsent();
    send_close(failure.code, failure.reason);
  }
  close_reason_ = failure;
}

// --- Sending ---

void WebSocketConnection::send_text(SharedBytes message) {
  send_message(Opcode::text, std::move(message));
}

void WebSocketConnection::send_binary(SharedBytes message) {
  send_message(Opcode::binary, std::move(message));
}

void WebSocketConnection::send_message(Opcode opcode, SharedBytes message) {
  if (state_ != State::open) return;
  sender_.message(opcode, std::move(message));
  schedule_flush();
}

/// Everything that one handler sends to this peer (an event and its attachment) leaves together.
void WebSocketConnection::schedule_flush() {
  if (flush_scheduled_ || writing_) return;
  flush_scheduled_ = true;
  asio::post(loop_.impl().io(), [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->flush();
  });
}

void WebSocketConnection::flush() {
  std::array<asio::const_buffer, 64> buffers;
  while (!writing_ && state_ != State::over && !sender_.empty()) {
    const std::size_t count = sender_.next_batch(buffers);
    writing_ = true;
    if (!stream_->write({buffers.data(), count}, shared_from_this())) return;
    writing_ = false;
    batch_written();
  }
}

void WebSocketConnection::on_written(const error_code& ec) {
  writing_ = false;
  if (state_ == State::over) {
    sender_.clear();
    return;
  }
  if (ec) {
    finish(close_reason_.code, close_reason_.reason, false);
    return;
  }
  batch_written();
  flush();
}

void WebSocketConnection::batch_written() {
  const web_socket::Sender::Left left = sender_.batch_written();
  if (left.close) close_frame_sent();
  if (left.drained && state_ == State::open && on_drained) {
    const auto drained = on_drained;
    drained();
  }
}

// --- Closing ---

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
  if (state_ == State::open) send_close(code, reason);
}

void WebSocketConnection::send_close(std::uint16_t code, std::string_view reason) {
  state_ = State::closing;
  close_queued_ = true;
  sender_.close(code, reason);
  schedule_flush();
  progress_ = stream_->bytes_written();
  watch_closing();
}

/// The peer gets a second to answer the close frame, and before that as long as it still takes what
/// was queued.
void WebSocketConnection::watch_closing() {
  timer_.start(kCloseTimeout, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->state_ == State::over) return;
    if (!self->close_sent_ && self->stream_->bytes_written() != self->progress_) {
      self->progress_ = self->stream_->bytes_written();
      self->watch_closing();
      return;
    }
    self->finish(self->close_reason_.code, self->close_reason_.reason, false);
  });
}

void WebSocketConnection::close_frame_sent() {
  if (!close_sent_) {
    close_sent_ = true;
    watch_closing();
    // An answer to this close could not be recognised any more: the end of the connection can.
    if (receiver_.lost_sync()) stream_->shutdown_send();
  }
  // Both have said goodbye: the server ends the TCP connection, the client waits for that
  // (section 7.1.1) so that TIME_WAIT does not pile up at it.
  if (close_received_ && role_ == Role::server) {
    finish(close_reason_.code, close_reason_.reason, true);
  }
}

void WebSocketConnection::abort() { finish(web_socket::kAbnormal, "aborted", false); }

void WebSocketConnection::watch_peer() {
  if (ping_interval_.count() <= 0 || state_ != State::open) return;
  const auto now = std::chrono::steady_clock::now();
  const auto next = last_heard_ + ping_interval_ * (ping_sent_ ? 2 : 1);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now);
  timer_.start(std::max(wait, std::chrono::milliseconds(1)), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->state_ != State::open) return;
    const auto silent = std::chrono::steady_clock::now() - self->last_heard_;
    if (self->receiver_missing_ || silent < self->ping_interval_) {
      // Heard meanwhile; or not listening ourselves.
    } else if (!self->ping_sent_) {
      self->ping_sent_ = true;
      self->sender_.ping();
      self->schedule_flush();
    } else if (silent >= self->ping_interval_ * 2) {
      self->finish(web_socket::kAbnormal, "no answer to a ping", false);
      return;
    }
    self->watch_peer();
  });
}

void WebSocketConnection::loop_gone() {
  state_ = State::over;
  timer_.cancel();
  receiver_timer_.cancel();
  stream_->close();
  on_message = nullptr;
  on_close = nullptr;
  on_drained = nullptr;
  over_ = nullptr;
  self_.reset();
}

void WebSocketConnection::finish(std::uint16_t code, std::string reason, bool politely) {
  if (state_ == State::over) return;
  state_ = State::over;
  loop_.impl().core->bound.erase(this);
  timer_.cancel();
  receiver_timer_.cancel();
  if (politely) {
    stream_->close_politely();
  } else {
    stream_->close();
  }
  sender_.forget_counts();
  // Never inside a call of the owner's: it may hold iterators into its own tables there.
  asio::post(loop_.impl().io(), [self = std::move(self_), code, reason = std::move(reason)] {
    const auto closed = std::exchange(self->on_close, nullptr);
    if (closed) closed(code, reason);
    // Callbacks may hold what holds this connection.
    self->on_message = nullptr;
    self->on_drained = nullptr;
    // A TLS write that is being cancelled may look at its buffer once more.
    if (!self->writing_) self->sender_.clear();
    if (const auto over = std::exchange(self->over_, nullptr)) over();
  });
}

}  // namespace surveillx::net
