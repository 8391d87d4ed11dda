#include "outbox.hpp"

#include "encoded_event.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::socketio {

void Outbox::push(EncodedEventPtr event) {
  event_bytes_ += event->bytes();
  events_.push_back(std::move(event));
}

bool Outbox::push_latest(std::uint32_t owner, std::string_view slot, EncodedEventPtr event) {
  const auto found = std::find_if(latest_.begin(), latest_.end(), [&](const Latest& waiting) {
    return waiting.owner == owner && waiting.slot == slot;
  });
  if (found != latest_.end()) {
    found->event = std::move(event);
    return false;
  }
  latest_.push_back({owner, std::string(slot), std::move(event)});
  return true;
}

void Outbox::drop_latest(std::uint32_t owner) {
  std::erase_if(latest_, [owner](const Latest& waiting) { return waiting.owner == owner; });
}

void Outbox::drop_latest(std::uint32_t owner, std::string_view slot) {
  std::erase_if(latest_, [owner, slot](const Latest& waiting) {
    return waiting.owner == owner && waiting.slot == slot;
  });
}

void Outbox::clear() {
  events_.clear();
  latest_.clear();
  event_bytes_ = 0;
}

EncodedEventPtr Outbox::next() const {
  if (!events_.empty()) return events_.front();
  if (!latest_.empty()) return latest_.front().event;
  return nullptr;
}

void Outbox::pop() {
  if (!events_.empty()) {
    event_bytes_ -= events_.front()->bytes();
    events_.pop_front();
  } else if (!latest_.empty()) {
    latest_.pop_front();
  }
}

}  // namespace surveillx::socketio
