#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/promise.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/gst/sdp.hpp"
#include "surveillx/gst/signal_guard.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace surveillx::gst {
namespace {

using namespace std::chrono_literals;

class GstTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(init()); }
};

TEST_F(GstTest, what_glib_warns_of_goes_to_our_log) {
  testing::internal::CaptureStderr();
  g_log("libsome", G_LOG_LEVEL_WARNING, "a peer's \"text\"");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("glib.message domain=libsome message=\"a peer's \\\"text\\\"\""),
            std::string::npos)
      << text;
}

TEST_F(GstTest, references_are_counted) {
  Ref<GstCaps> caps = adopt(gst_caps_new_empty_simple("video/x-raw"));
  EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(caps.get()), 1);
  {
    const Ref<GstCaps> copy = caps;
    const auto lent = share(caps.get());
    EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(caps.get()), 3);
  }
  EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(caps.get()), 1);
  Ref<GstCaps> moved = std::move(caps);
  EXPECT_FALSE(caps);
  EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(moved.get()), 1);
}

TEST_F(GstTest, a_made_element_has_one_owner) {
  const auto element = make("fakesink").value();
  EXPECT_EQ(GST_OBJECT_REFCOUNT_VALUE(element.get()), 1);
  EXPECT_EQ(g_object_is_floating(element.get()), FALSE);
}

TEST_F(GstTest, a_missing_element_names_the_package) {
  const auto none = make("no-such-element");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().name, kUnavailable);
  const auto needed = require({"fakesink", "no-such-element"});
  ASSERT_FALSE(needed);
  EXPECT_NE(needed.error().message.find("apt-get install gstreamer1.0-"), std::string::npos)
      << needed.error().message;
  EXPECT_EQ(debian_package("avdec_h264"), "gstreamer1.0-libav");
}

TEST_F(GstTest, a_bad_description_is_an_error) {
  const auto pipeline = parse_pipeline("videotestsrc ! no-such-element");
  ASSERT_FALSE(pipeline);
  EXPECT_EQ(pipeline.error().name, kPipelineError);
}

TEST_F(GstTest, a_signal_reaches_the_handler_until_disconnected) {
  const auto bin = sink(gst_bin_new("b"));
  int added = 0;
  auto guard = connect<GstBin*, GstElement*>(bin.get(), "deep-element-added",
                                             [&](GstBin*, GstElement* element) {
                                               EXPECT_TRUE(GST_IS_ELEMENT(element));
                                               ++added;
                                             });
  gst_bin_add(GST_BIN(bin.get()), make("fakesink").value().get());
  EXPECT_EQ(added, 1);
  guard.disconnect();
  gst_bin_add(GST_BIN(bin.get()), make("fakesink").value().get());
  EXPECT_EQ(added, 1);
}

TEST_F(GstTest, a_guard_outlives_its_object) {
  auto element = make("fakesink").value();
  auto guard = connect<>(element.get(), "notify::sync", [] {});
  element.reset();
  guard.disconnect();
}

TEST_F(GstTest, disconnect_waits_for_a_handler_in_flight) {
  const auto element = make("fakesink").value();
  std::promise<void> entered;
  std::promise<void> leave;
  std::atomic<bool> finished = false;
  auto guard = connect<>(element.get(), "notify::sync", [&] {
    entered.set_value();
    leave.get_future().wait();
    finished = true;
  });
  std::thread emitter([&] { g_object_set(element.get(), "sync", TRUE, nullptr); });
  entered.get_future().wait();
  std::thread releaser([&] { leave.set_value(); });
  guard.disconnect();
  EXPECT_TRUE(finished);
  emitter.join();
  releaser.join();
}

TEST_F(GstTest, a_handler_may_disconnect_itself) {
  const auto element = make("fakesink").value();
  int calls = 0;
  SignalGuard guard;
  guard = connect<>(element.get(), "notify::sync", [&] {
    ++calls;
    guard.disconnect();
  });
  g_object_set(element.get(), "sync", TRUE, nullptr);
  g_object_set(element.get(), "sync", FALSE, nullptr);
  EXPECT_EQ(calls, 1);
}

TEST_F(GstTest, a_promise_answers_once) {
  int calls = 0;
  std::string value;
  auto promise = make_promise([&](const GstStructure* reply) {
    ++calls;
    if (reply != nullptr) value = gst_structure_get_string(reply, "word");
  });
  gst_promise_reply(promise.get(), gst_structure_new("s", "word", G_TYPE_STRING, "hello", nullptr));
  promise.reset();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(value, "hello");
}

TEST_F(GstTest, an_interrupted_promise_answers_with_nothing) {
  int calls = 0;
  bool replied = true;
  auto promise = make_promise([&](const GstStructure* reply) {
    ++calls;
    replied = reply != nullptr;
  });
  gst_promise_interrupt(promise.get());
  promise.reset();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(replied);
}

TEST_F(GstTest, the_bus_reports_errors_and_keeps_nothing) {
  const auto pipeline = parse_pipeline("fakesrc num-buffers=1 ! fakesink name=out").value();
  std::vector<std::string> seen;
  drain_bus(pipeline.get(), [&](const BusEvent& event) {
    if (event.kind == BusEvent::Kind::error) seen.push_back(event.source + ": " + event.message);
  });
  const auto out = child(pipeline.get(), "out");
  const int before = GST_OBJECT_REFCOUNT_VALUE(out.get());
  gst_element_post_message(
      out.get(),
      gst_message_new_error(
          GST_OBJECT(out.get()),
          adopt(g_error_new(GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "%s", "it broke")).get(),
          "why"));
  EXPECT_EQ(seen, std::vector<std::string>{"out: it broke"});
  EXPECT_EQ(GST_OBJECT_REFCOUNT_VALUE(out.get()), before);
}

TEST_F(GstTest, samples_reach_the_tap_and_the_reaper_ends_the_pipeline) {
  auto pipeline = parse_pipeline(
                      "videotestsrc is-live=true ! video/x-raw,width=64,height=64 ! "
                      "appsink name=out sync=false")
                      .value();
  drain_bus(pipeline.get(), {});
  std::promise<void> got;
  std::atomic<int> samples = 0;
  auto tap = SampleTap::attach(child(pipeline.get(), "out").get(), [&](const Ref<GstSample>&) {
    if (++samples == 3) got.set_value();
  });
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_EQ(got.get_future().wait_for(20s), std::future_status::ready);
  tap.close();
  const int at_close = samples;
  std::atomic<bool> first = false;
  GWeakRef weak;
  g_weak_ref_init(&weak, pipeline.get());
  reap(std::move(pipeline), [&] { first = true; });
  EXPECT_TRUE(drain_reaper(20s));
  EXPECT_TRUE(first);
  EXPECT_EQ(samples, at_close);
  EXPECT_FALSE(adopt(static_cast<GObject*>(g_weak_ref_get(&weak))));
  g_weak_ref_clear(&weak);
}

TEST_F(GstTest, sdp_that_is_none_is_refused) {
  EXPECT_FALSE(parse_sdp("hello"));
  EXPECT_FALSE(parse_sdp("v=0\r\nnonsense\r\n"));
  const auto good = parse_sdp("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
  ASSERT_TRUE(good);
  EXPECT_TRUE(to_text(good->get()).starts_with("v=0"));
}

}  // namespace
}  // namespace surveillx::gst
