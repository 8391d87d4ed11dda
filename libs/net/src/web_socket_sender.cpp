#include "web_socket_sender.hpp"

#include <openssl/rand.h>

#include <utility>

namespace surveillx::net::web_socket {

namespace {

/// Enough to keep the network busy, little enough that a ping or close does not wait long behind
/// it.
constexpr std::size_t kBatchBytes = 64 * 1024;

}  // namespace

void Sender::preamble(SharedBytes bytes) {
  queue_.push_back({Kind::preamble, Opcode::binary, {}, std::move(bytes)});
}

void Sender::message(Opcode opcode, SharedBytes payload) {
  ++queued_;
  queued_bytes_ += payload.size();
  enqueue(Kind::message, opcode, std::move(payload));
}

void Sender::ping() { enqueue(Kind::control, Opcode::ping, SharedBytes()); }

void Sender::pong(ByteView payload) {
  for (std::size_t i = in_flight_; i < queue_.size(); ++i) {
    if (queue_[i].opcode == Opcode::pong) {
      queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
  enqueue(Kind::control, Opcode::pong, Bytes(payload.begin(), payload.end()));
}

void Sender::close(std::uint16_t code, std::string_view reason) {
  enqueue(Kind::close, Opcode::close, write_close(code, reason));
}

void Sender::enqueue(Kind kind, Opcode opcode, SharedBytes payload) {
  FrameHeader header;
  header.opcode = opcode;
  header.length = payload.size();
  if (role_ == Role::client) {
    MaskKey key{};
    RAND_bytes(key.data(), static_cast<int>(key.size()));
    Bytes masked(payload.view().begin(), payload.view().end());
    apply_mask(masked, key, 0);
    header.mask = key;
    payload = SharedBytes(std::move(masked));
  }
  Item item{kind, opcode, write_header(header), std::move(payload)};
  if (kind == Kind::control) {
    // Before waiting messages, but never before the 101 answer nor inside a frame.
    auto place = queue_.begin() + static_cast<std::ptrdiff_t>(in_flight_);
    if (place != queue_.end() && place->kind == Kind::preamble) ++place;
    queue_.insert(place, std::move(item));
  } else {
    queue_.push_back(std::move(item));
  }
}

std::size_t Sender::next_batch(std::span<boost::asio::const_buffer> buffers) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  in_flight_ = 0;
  while (in_flight_ < queue_.size() && count + 2 <= buffers.size() && bytes < kBatchBytes) {
    const Item& item = queue_[in_flight_++];
    if (item.header.size > 0) {
      buffers[count++] = boost::asio::buffer(item.header.bytes.data(), item.header.size);
    }
    if (!item.payload.empty()) {
      buffers[count++] = boost::asio::buffer(item.payload.data(), item.payload.size());
    }
    bytes += item.payload.size();
  }
  return count;
}

Sender::Left Sender::batch_written() {
  Left left;
  const std::size_t before = queued_;
  for (; in_flight_ > 0; --in_flight_) {
    const Item& item = queue_.front();
    if (item.kind == Kind::message) {
      --queued_;
      queued_bytes_ -= item.payload.size();
    }
    left.close = left.close || item.kind == Kind::close;
    queue_.pop_front();
  }
  left.drained = before > 0 && queued_ == 0;
  return left;
}

void Sender::drop_unsent() {
  for (std::size_t i = queue_.size(); i > in_flight_; --i) {
    const auto at = queue_.begin() + static_cast<std::ptrdiff_t>(i - 1);
    if (at->kind != Kind::message) continue;
    --queued_;
    queued_bytes_ -= at->payload.size();
    queue_.erase(at);
  }
}

}  // namespace surveillx::net::web_socket
