#include "outbox.hpp"

#include "encoded_event.hpp"

#include <gtest/gtest.h>

namespace surveillx::socketio {
namespace {

EncodedEventPtr event(const char* name) { return encode_event("/", name, {}); }

std::string take(Outbox& outbox) {
  const EncodedEventPtr next = outbox.next();
  if (!next) return "";
  outbox.pop();
  const std::string text(next->text().text());
  return text.substr(4, text.size() - 6);
}

TEST(Outbox, events_keep_their_order_and_go_before_slots) {
  Outbox outbox;
  EXPECT_TRUE(outbox.push_latest(1, "camera", event("frame")));
  outbox.push(event("a"));
  outbox.push(event("b"));
  EXPECT_EQ(outbox.event_count(), 2U);
  EXPECT_EQ(take(outbox), "a");
  EXPECT_EQ(take(outbox), "b");
  EXPECT_EQ(outbox.event_bytes(), 0U);
  EXPECT_EQ(take(outbox), "frame");
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.next(), nullptr);
}

TEST(Outbox, a_slot_holds_the_newest_and_keeps_its_turn) {
  Outbox outbox;
  EXPECT_TRUE(outbox.push_latest(1, "one", event("one-1")));
  EXPECT_TRUE(outbox.push_latest(1, "two", event("two-1")));
  EXPECT_FALSE(outbox.push_latest(1, "one", event("one-2")));
  EXPECT_FALSE(outbox.push_latest(1, "one", event("one-3")));
  EXPECT_EQ(take(outbox), "one-3");
  EXPECT_TRUE(outbox.push_latest(1, "one", event("one-4")));
  EXPECT_EQ(take(outbox), "two-1");
  EXPECT_EQ(take(outbox), "one-4");
}

TEST(Outbox, owners_have_slots_of_their_own) {
  Outbox outbox;
  EXPECT_TRUE(outbox.push_latest(1, "camera", event("mine")));
  EXPECT_TRUE(outbox.push_latest(2, "camera", event("yours")));
  outbox.drop_latest(1);
  EXPECT_EQ(take(outbox), "yours");
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, what_was_dropped_from_a_slot_is_not_sent_after_the_events) {
  Outbox outbox;
  EXPECT_TRUE(outbox.push_latest(1, "hall", event("hall")));
  EXPECT_TRUE(outbox.push_latest(1, "yard", event("yard")));
  EXPECT_TRUE(outbox.push_latest(2, "hall", event("other")));
  outbox.drop_latest(1, "hall");
  outbox.push(event("removed"));
  EXPECT_EQ(take(outbox), "removed");
  EXPECT_EQ(take(outbox), "yard");
  EXPECT_EQ(take(outbox), "other");
  EXPECT_TRUE(outbox.empty());
  EXPECT_TRUE(outbox.push_latest(1, "hall", event("again"))) << "nothing was replaced";
}

}  // namespace
}  // namespace surveillx::socketio
