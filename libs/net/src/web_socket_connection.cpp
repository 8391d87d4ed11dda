#include "web_socket_connection.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>

namespace surveillx::net {

using web_socket::Opcode;

namespace {

constexpr std::size_t kInputBytes = 16 * 1024;
/// A message grows by what has really come, not by what its header promises.
constexpr std::size_t kGrowBytes = 64 * 1024;
constexpr std::chrono::milliseconds kCloseTimeout{1'000};
/// Enough to keep the network busy, little enough that a ping or close does not wait long behind
/// it.
constexpr std::size_t kBatchBytes = 64 * 1024;
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
      options_(setup.options),
      over_(std::move(setup.over)),
      input_(std::max(kInputBytes, setup.received.size())),
      input_end_(setup.received.size()),
      last_heard_(std::chrono::steady_clock::now()),
      timer_(loop),
      receiver_timer_(loop) {
  std::copy(setup.received.begin(), setup.received.end(), input_.begin());
  if (!setup.preamble.empty()) {
    queue_.push_back({Kind::preamble, Opcode::binary, {}, std::move(setup.preamble)});
  }
  stream_->limit_unsent_bytes(kUnsentBytes);
}

void WebSocketConnection::start() {
  if (state_ == State::over) return;
  if (!queue_.empty()) schedule_flush();
  watch_peer();
  consume_input();
}

// --- Receiving ---

void WebSocketConnection::read_more() {
  if (reading_ || receiver_missing_ || state_ == State::over) return;
  reading_ = true;
  const std::uint64_t missing = in_payload_ ? frame_.length - frame_read_ : 0;
  reading_into_message_ = in_payload_ && !discard_ && !lost_sync_ &&
                          !web_socket::is_control(frame_.opcode) && input_begin_ == input_end_ &&
                          missing >= kInputBytes / 2;
  if (reading_into_message_) {
    // A camera's picture goes straight to where it will stay.
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(missing, kGrowBytes));
    message_.resize(message_size_ + size);
    stream_->read(asio::buffer(message_.data() + message_size_, size), shared_from_this());
    return;
  }
  if (input_begin_ > 0) {
    std::copy(input_.begin() + static_cast<std::ptrdiff_t>(input_begin_),
              input_.begin() + static_cast<std::ptrdiff_t>(input_end_), input_.begin());
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  stream_->read(asio::buffer(input_.data() + input_end_, input_.size() - input_end_),
                shared_from_this());
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
  if (reading_into_message_) {
    const std::span<std::uint8_t> bytes(message_.data() + message_size_, size);
    frame_read_ += size;
    message_size_ += size;
    if (frame_.mask) web_socket::apply_mask(bytes, *frame_.mask, frame_read_ - size);
    if (!message_binary_ && !utf8_.feed(bytes)) {
      fail(web_socket::kBadData, "text is not UTF-8");
    }
    if (frame_read_ == frame_.length && !end_frame()) return;
  } else {
    input_end_ += size;
  }
  consume_input();
}

void WebSocketConnection::consume_input() {
  while (state_ != State::over && !receiver_missing_) {
    if (lost_sync_ || (close_received_ && role_ == Role::client)) input_begin_ = input_end_;
    if (!in_payload_) {
      const ByteView input(input_.data() + input_begin_, input_end_ - input_begin_);
      const web_socket::ParsedHeader parsed = web_socket::parse_header(input);
      if (parsed.status == web_socket::ParseStatus::need_more) break;
      input_begin_ += parsed.size;
      if (parsed.status == web_socket::ParseStatus::bad || !begin_frame(parsed.header)) {
        lost_sync_ = true;
        fail(web_socket::kProtocolError, "bad frame");
        continue;
      }
    }
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(frame_.length - frame_read_, input_end_ - input_begin_));
    const std::span<std::uint8_t> bytes(input_.data() + input_begin_, size);
    input_begin_ += size;
    if (size > 0 && !take_payload(bytes)) {
      fail(web_socket::kBadData, "text is not UTF-8");
    }
    if (frame_read_ < frame_.length) break;
    if (!end_frame()) return;
  }
  read_more();
}

/// False for what RFC 6455 forbids at this place.
bool WebSocketConnection::begin_frame(const web_socket::FrameHeader& header) {
  if (header.mask.has_value() != (role_ == Role::server)) return false;
  frame_ = header;
  frame_read_ = 0;
  in_payload_ = true;
  if (web_socket::is_control(header.opcode)) return true;
  if ((header.opcode == Opcode::continuation) != in_message_) return false;
  if (header.opcode != Opcode::continuation) {
    message_binary_ = header.opcode == Opcode::binary;
    message_.clear();
    message_size_ = 0;
    utf8_.reset();
  }
  in_message_ = !header.fin;
  const std::size_t most = options_.max_message_bytes;
  if (!discard_ && (header.length > most || message_size_ > most - header.length)) {
    fail(web_socket::kTooBig, "message too big");
  }
  return true;
}

/// False when text is not UTF-8.
bool WebSocketConnection::take_payload(std::span<std::uint8_t> bytes) {
  const std::uint64_t offset = frame_read_;
  frame_read_ += bytes.size();
  if (frame_.mask) web_socket::apply_mask(bytes, *frame_.mask, offset);
  if (web_socket::is_control(frame_.opcode)) {
    std::copy(bytes.begin(), bytes.end(), control_.begin() + static_cast<std::ptrdiff_t>(offset));
    return true;
  }
  if (discard_) return true;
  if (message_size_ == 0 && frame_.fin) {
    // Most messages are one small frame: allocated once, at their size.
    message_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(frame_.length, kGrowBytes)));
  }
  message_.resize(message_size_);
  message_.insert(message_.end(), bytes.begin(), bytes.end());
  message_size_ = message_.size();
  return message_binary_ || utf8_.feed(bytes);
}

/// False when the connection is over or waits, so that the caller stops.
bool WebSocketConnection::end_frame() {
  in_payload_ = false;
  if (web_socket::is_control(frame_.opcode)) return end_control_frame();
  if (in_message_ || discard_) return true;
  if (!message_binary_ && !utf8_.complete()) {
    fail(web_socket::kBadData, "text is not UTF-8");
    return true;
  }
  message_.resize(message_size_);
  return deliver();
}

bool WebSocketConnection::end_control_frame() {
  const ByteView payload(control_.data(), static_cast<std::size_t>(frame_.length));
  if (frame_.opcode == Opcode::ping) {
    if (state_ != State::open) return true;
    // Only the newest of unanswered pings needs an answer (section 5.5.3), so that a flood of them
    // cannot grow the queue.
    for (std::size_t i = in_flight_; i < queue_.size(); ++i) {
      if (queue_[i].opcode == Opcode::pong) {
        queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      }
    }
    enqueue(Kind::control, Opcode::pong, Bytes(payload.begin(), payload.end()));
  } else if (frame_.opcode == Opcode::close) {
    if (const auto reason = web_socket::parse_close(payload)) {
      received_close(*reason);
    } else {
      lost_sync_ = true;
      fail(web_socket::kProtocolError, "bad close frame");
    }
  }
  return state_ != State::over;
}

bool WebSocketConnection::deliver() {
  if (close_queued_) return true;  // We have said that we no longer listen.
  if (!on_message) {
    wait_for_receiver();
    return false;
  }
  // A copy, because the handler may put another in its place while it runs.
  const auto receive = on_message;
  const bool binary = message_binary_;
  SharedBytes message(std::exchange(message_, {}));
  message_size_ = 0;
  receive(std::move(message), binary);
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

void WebSocketConnection::received_close(const web_socket::CloseReason& reason) {
  if (close_received_) return;
  close_received_ = true;
  // After a failure of the peer's, our own code tells more than its echo.
  if (!discard_) close_reason_ = reason;
  if (!close_queued_) {
    drop_unsent();
    send_close(reason.code, {});
  } else if (close_sent_) {
    close_frame_sent();
  }
}

/// The peer broke a rule: tells it so, and drops what it still sends.
void WebSocketConnection::fail(std::uint16_t code, std::string reason) {
  if (discard_ || state_ == State::over) return;
  discard_ = true;
  message_ = {};
  message_size_ = 0;
  if (!close_queued_) {
    drop_unsent();
    send_close(code, reason);
  }
  close_reason_ = {code, std::move(reason)};
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
  ++queued_;
  queued_bytes_ += message.size();
  enqueue(Kind::message, opcode, std::move(message));
}

void WebSocketConnection::enqueue(Kind kind, Opcode opcode, SharedBytes payload) {
  web_socket::FrameHeader header;
  header.opcode = opcode;
  header.length = payload.size();
  if (role_ == Role::client) {
    web_socket::MaskKey key{};
    RAND_bytes(key.data(), static_cast<int>(key.size()));
    Bytes masked(payload.view().begin(), payload.view().end());
    web_socket::apply_mask(masked, key, 0);
    header.mask = key;
    payload = SharedBytes(std::move(masked));
  }
  Item item{kind, opcode, web_socket::write_header(header), std::move(payload)};
  if (kind == Kind::control) {
    // Before waiting messages, but never before the 101 answer nor inside a frame.
    auto place = queue_.begin() + static_cast<std::ptrdiff_t>(in_flight_);
    if (place != queue_.end() && place->kind == Kind::preamble) ++place;
    queue_.insert(place, std::move(item));
  } else {
    queue_.push_back(std::move(item));
  }
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
  while (!writing_ && state_ != State::over && !queue_.empty()) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    in_flight_ = 0;
    while (in_flight_ < queue_.size() && count + 2 <= buffers.size() && bytes < kBatchBytes) {
      const Item& item = queue_[in_flight_++];
      if (item.header.size > 0) {
        buffers[count++] = asio::buffer(item.header.bytes.data(), item.header.size);
      }
      if (!item.payload.empty()) {
        buffers[count++] = asio::buffer(item.payload.data(), item.payload.size());
      }
      bytes += item.payload.size();
    }
    writing_ = true;
    if (!stream_->write({buffers.data(), count}, shared_from_this())) return;
    writing_ = false;
    pop_written();
  }
}

void WebSocketConnection::on_written(const error_code& ec) {
  writing_ = false;
  if (state_ == State::over) {
    queue_.clear();
    return;
  }
  if (ec) {
    finish(close_reason_.code, close_reason_.reason, false);
    return;
  }
  pop_written();
  flush();
}

void WebSocketConnection::pop_written() {
  const std::size_t before = queued_;
  bool closed = false;
  for (; in_flight_ > 0; --in_flight_) {
    const Item& item = queue_.front();
    if (item.kind == Kind::message) {
      --queued_;
      queued_bytes_ -= item.payload.size();
    }
    closed = closed || item.kind == Kind::close;
    queue_.pop_front();
  }
  if (closed) close_frame_sent();
  if (before > 0 && queued_ == 0 && state_ == State::open && on_drained) {
    const auto drained = on_drained;
    drained();
  }
}

void WebSocketConnection::drop_unsent() {
  for (std::size_t i = queue_.size(); i > in_flight_; --i) {
    const auto at = queue_.begin() + static_cast<std::ptrdiff_t>(i - 1);
    if (at->kind != Kind::message) continue;
    --queued_;
    queued_bytes_ -= at->payload.size();
    queue_.erase(at);
  }
}

// --- Closing ---

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
  if (state_ == State::open) send_close(code, reason);
}

void WebSocketConnection::send_close(std::uint16_t code, std::string_view reason) {
  state_ = State::closing;
  close_queued_ = true;
  enqueue(Kind::close, Opcode::close, web_socket::write_close(code, reason));
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
    if (lost_sync_) stream_->shutdown_send();
  }
  // Both have said goodbye: the server ends the TCP connection, the client waits for that
  // (section 7.1.1) so that TIME_WAIT does not pile up at it.
  if (close_received_ && role_ == Role::server) {
    finish(close_reason_.code, close_reason_.reason, true);
  }
}

void WebSocketConnection::abort() { finish(web_socket::kAbnormal, "aborted", false); }

void WebSocketConnection::watch_peer() {
  if (options_.ping_interval.count() <= 0 || state_ != State::open) return;
  const auto now = std::chrono::steady_clock::now();
  const auto next = last_heard_ + options_.ping_interval * (ping_sent_ ? 2 : 1);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now);
  timer_.start(std::max(wait, std::chrono::milliseconds(1)), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->state_ != State::open) return;
    const auto silent = std::chrono::steady_clock::now() - self->last_heard_;
    if (self->receiver_missing_ || silent < self->options_.ping_interval) {
      // Heard meanwhile; or not listening ourselves.
    } else if (!self->ping_sent_) {
      self->ping_sent_ = true;
      self->enqueue(Kind::control, Opcode::ping, SharedBytes());
    } else if (silent >= self->options_.ping_interval * 2) {
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
  queued_ = 0;
  queued_bytes_ = 0;
  // Never inside a call of the owner's: it may hold iterators into its own tables there.
  asio::post(loop_.impl().io(), [self = std::move(self_), code, reason = std::move(reason)] {
    const auto closed = std::exchange(self->on_close, nullptr);
    if (closed) closed(code, reason);
    // Callbacks may hold what holds this connection.
    self->on_message = nullptr;
    self->on_drained = nullptr;
    // A TLS write that is being cancelled may look at its buffer once more.
    if (!self->writing_) self->queue_.clear();
    if (const auto over = std::exchange(self->over_, nullptr)) over();
  });
}

}  // namespace surveillx::net
