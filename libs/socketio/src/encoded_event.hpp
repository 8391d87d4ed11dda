#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/socketio/event.hpp"

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::socketio {

/// Engine.IO messages that belong together: the text of a packet and its attachments, which must
/// reach the peer next to each other, or a single binary message. Immutable and thread-safe.
class EncodedEvent {
 public:
  /// `text` with the Engine.IO type in front; empty for a lone binary message.
  EncodedEvent(std::string name_space, SharedBytes text, std::vector<SharedBytes> binaries);

  [[nodiscard]] const std::string& name_space() const { return name_space_; }
  /// What WebSockets send: a text frame, unless empty, then a binary frame each.
  [[nodiscard]] const SharedBytes& text() const { return text_; }
  [[nodiscard]] const std::vector<SharedBytes>& binaries() const { return binaries_; }
  /// What goes into a polling payload: the same with base64, made when it is first asked for.
  [[nodiscard]] std::string_view polling() const;

  [[nodiscard]] std::size_t packets() const { return packets_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::string name_space_;
  SharedBytes text_;
  std::vector<SharedBytes> binaries_;
  std::size_t packets_ = 0;
  std::size_t bytes_ = 0;
  mutable std::once_flag polling_made_;
  mutable std::string polling_;
};

/// A packet without attachments; `text` without the Engine.IO type.
[[nodiscard]] EncodedEventPtr encode_message(std::string_view name_space, std::string_view text);

}  // namespace surveillx::socketio
