#include "web_socket_receiver.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::net::web_socket {

namespace {

constexpr std::size_t kInputBytes = 16 * 1024;
/// A message grows by what has really come, not by what its header promises.
constexpr std::size_t kGrowBytes = 64 * 1024;

}  // namespace

Receiver::Receiver(Role role, std::size_t max_message_bytes, std::string_view received)
    : role_(role),
      max_message_bytes_(max_message_bytes),
      input_(std::max(kInputBytes, received.size())),
      input_end_(received.size()) {
  std::copy(received.begin(), received.end(), input_.begin());
}

std::span<std::uint8_t> Receiver::prepare() {
  const std::uint64_t missing = in_payload_ ? frame_.length - frame_read_ : 0;
  into_message_ = in_payload_ && !discard_ && !lost_sync_ && !is_control(frame_.opcode) &&
                  input_begin_ == input_end_ && missing >= kInputBytes / 2;
  if (into_message_) {
    // A camera's picture goes straight to where it will stay.
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(missing, kGrowBytes));
    message_.resize(message_size_ + size);
    return {message_.data() + message_size_, size};
  }
  if (input_begin_ > 0) {
    std::copy(input_.begin() + static_cast<std::ptrdiff_t>(input_begin_),
              input_.begin() + static_cast<std::ptrdiff_t>(input_end_), input_.begin());
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  return {input_.data() + input_end_, input_.size() - input_end_};
}

void Receiver::commit(std::size_t size) {
  if (!into_message_) {
    input_end_ += size;
    return;
  }
  const std::span<std::uint8_t> bytes(message_.data() + message_size_, size);
  frame_read_ += size;
  message_size_ += size;
  if (frame_.mask) apply_mask(bytes, *frame_.mask, frame_read_ - size);
  if (!message_binary_ && !utf8_.feed(bytes)) fail(kBadData, "text is not UTF-8");
}

Receiver::Event Receiver::next() {
  for (;;) {
    if (std::exchange(failure_untold_, false)) return Event::failed;
    if (lost_sync_ || ignore_) input_begin_ = input_end_;
    if (!in_payload_) {
      const ByteView input(input_.data() + input_begin_, input_end_ - input_begin_);
      const ParsedHeader parsed = parse_header(input);
      if (parsed.status == ParseStatus::need_more) return Event::need_more;
      input_begin_ += parsed.size;
      if (parsed.status == ParseStatus::bad || !begin_frame(parsed.header)) {
        lost_sync_ = true;
        fail(kProtocolError, "bad frame");
      }
      if (failure_untold_ || lost_sync_) continue;
    }
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(frame_.length - frame_read_, input_end_ - input_begin_));
    const std::span<std::uint8_t> bytes(input_.data() + input_begin_, size);
    input_begin_ += size;
    if (size > 0 && !take_payload(bytes)) fail(kBadData, "text is not UTF-8");
    if (frame_read_ < frame_.length) {
      if (failure_untold_) continue;
      return Event::need_more;
    }
    if (const auto event = end_frame()) return *event;
  }
}

/// False for what RFC 6455 forbids at this place.
bool Receiver::begin_frame(const FrameHeader& header) {
  if (header.mask.has_value() != (role_ == Role::server)) return false;
  frame_ = header;
  frame_read_ = 0;
  in_payload_ = true;
  if (is_control(header.opcode)) return true;
  if ((header.opcode == Opcode::continuation) != in_message_) return false;
  if (header.opcode != Opcode::continuation) {
    message_binary_ = header.opcode == Opcode::binary;
    message_.clear();
    message_size_ = 0;
    utf8_.reset();
  }
  in_message_ = !header.fin;
  const std::size_t most = max_message_bytes_;
  if (!discard_ && (header.length > most || message_size_ > most - header.length)) {
    fail(kTooBig, "message too big");
  }
  return true;
}

/// False when text is not UTF-8.
bool Receiver::take_payload(std::span<std::uint8_t> bytes) {
  const std::uint64_t offset = frame_read_;
  frame_read_ += bytes.size();
  if (frame_.mask) apply_mask(bytes, *frame_.mask, offset);
  if (is_control(frame_.opcode)) {
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

std::optional<Receiver::Event> Receiver::end_frame() {
  in_payload_ = false;
  if (is_control(frame_.opcode)) return end_control_frame();
  if (in_message_ || discard_) return std::nullopt;
  if (!message_binary_ && !utf8_.complete()) {
    fail(kBadData, "text is not UTF-8");
    return std::nullopt;
  }
  return Event::message;
}

std::optional<Receiver::Event> Receiver::end_control_frame() {
  if (frame_.opcode == Opcode::ping) return Event::ping;
  if (frame_.opcode != Opcode::close) return std::nullopt;
  auto reason = parse_close(control());
  if (!reason) {
    lost_sync_ = true;
    fail(kProtocolError, "bad close frame");
    return std::nullopt;
  }
  // After a failure of the peer's, our own code tells more than its echo.
  if (!discard_) close_reason_ = std::move(*reason);
  ignore_ = role_ == Role::client;
  return Event::close;
}

Bytes Receiver::take_message() {
  message_.resize(message_size_);
  message_size_ = 0;
  return std::exchange(message_, {});
}

void Receiver::fail(std::uint16_t code, std::string reason) {
  if (discard_) return;
  discard_ = true;
  failure_untold_ = true;
  message_ = {};
  message_size_ = 0;
  close_reason_ = {code, std::move(reason)};
}

}  // namespace surveillx::net::web_socket
