#pragma once

#include "surveillx/socketio/event.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace surveillx::socketio {

/// What a peer has not been given yet: events in order, and at most one event a slot of those that
/// only count while they are new. Whole events only, so that packets of two never mix. Pure.
class Outbox {
 public:
  void push(EncodedEventPtr event);
  /// False when it replaced an unsent one, whose place in the order it keeps.
  bool push_latest(std::uint32_t owner, std::string_view slot, EncodedEventPtr event);
  /// Forgets what `owner` has waiting in the slot.
  void drop_latest(std::uint32_t owner, std::string_view slot);
  /// The same for all its slots.
  void drop_latest(std::uint32_t owner);
  void clear();

  [[nodiscard]] bool empty() const { return events_.empty() && latest_.empty(); }
  /// The next one: events first, then slots, the longest waiting first. Null when empty.
  [[nodiscard]] EncodedEventPtr next() const;
  void pop();

  /// Of events only: slots cannot grow.
  [[nodiscard]] std::size_t event_count() const { return events_.size(); }
  [[nodiscard]] std::size_t event_bytes() const { return event_bytes_; }

 private:
  struct Latest {
    std::uint32_t owner = 0;
    std::string slot;
    EncodedEventPtr event;
  };
  std::deque<EncodedEventPtr> events_;
  std::deque<Latest> latest_;
  std::size_t event_bytes_ = 0;
};

}  // namespace surveillx::socketio
