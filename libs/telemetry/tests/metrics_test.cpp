#include "surveillx/telemetry/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace surveillx::telemetry {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(Metrics, names_get_the_prefix_and_labels_are_written) {
  Metrics metrics;
  metrics.counter("frames_total", "Frames that were sent.", {{"camera", "hall \"1\""}}).add(3);
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# HELP surveillx_frames_total Frames that were sent.\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE surveillx_frames_total counter\n"));
  EXPECT_THAT(text, HasSubstr("surveillx_frames_total{camera=\"hall \\\"1\\\"\"} 3\n"));
}

TEST(Metrics, the_same_name_and_labels_are_the_same_metric) {
  Metrics metrics;
  const auto first = metrics.gauge("viewers", "Viewers.");
  const auto second = metrics.gauge("viewers", "Viewers.");
  first.add(2);
  second.add(1);
  EXPECT_EQ(first.value(), 3);
  EXPECT_EQ(metrics.gauge("viewers", "Viewers.", {{"camera", "b"}}).value(), 0);
}

TEST(Metrics, asking_for_another_kind_is_a_bug) {
  Metrics metrics;
  (void)metrics.gauge("viewers", "Viewers.");
  EXPECT_THROW((void)metrics.counter("viewers", "Viewers."), std::logic_error);
}

TEST(Metrics, a_histogram_counts_into_its_buckets) {
  Metrics metrics;
  const auto histogram = metrics.histogram("decode_seconds", "Time to decode.", {0.1, 1});
  histogram.observe(0.05);
  histogram.observe(0.5);
  histogram.observe(7);
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("surveillx_decode_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("surveillx_decode_seconds_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("surveillx_decode_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("surveillx_decode_seconds_count 3\n"));
}

TEST(Metrics, a_removed_gauge_is_no_longer_written) {
  Metrics metrics;
  metrics.gauge("camera_fps", "Frames a second.", {{"camera", "a"}}).set(30);
  metrics.gauge("camera_fps", "Frames a second.", {{"camera", "b"}}).set(15);
  metrics.remove_gauge("camera_fps", {{"camera", "a"}});
  const auto text = metrics.text();
  EXPECT_THAT(text, Not(HasSubstr("camera=\"a\"")));
  EXPECT_THAT(text, HasSubstr("surveillx_camera_fps{camera=\"b\"} 15\n"));
}

TEST(Metrics, threads_lose_no_increment) {
  Metrics metrics;
  const auto counter = metrics.counter("events_total", "Events.");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1'000; ++n) counter.add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 4'000);
}

TEST(Metrics, the_process_reports_itself) {
  Metrics metrics;
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("surveillx_process_resident_bytes "));
  // A sanitizer may have a thread of its own.
  EXPECT_THAT(text, ContainsRegex("surveillx_process_threads [1-9]"));
  EXPECT_THAT(text, Not(HasSubstr("surveillx_process_open_descriptors 0\n")));
}

}  // namespace
}  // namespace surveillx::telemetry
