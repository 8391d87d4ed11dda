#include "sighting_recorder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "surveillx/store/outbox.hpp"
#include "surveillx/test_support/support.hpp"

namespace surveillx::mediaserver {
namespace {

/// An outbox whose disk can be filled and emptied.
struct Disk {
  std::atomic<bool> full = false;
  std::atomic<int> refused = 0;
  std::vector<domain::Sighting> taken;
  std::vector<Bytes> snapshots;

  SightingRecorder::Append append() {
    return [this](const domain::Sighting& sighting, ByteView snapshot) -> Result<void> {
      if (full) {
        ++refused;
        return Error{store::kOutboxFull, "the disk is full"};
      }
      taken.push_back(sighting);
      snapshots.emplace_back(snapshot.begin(), snapshot.end());
      return {};
    };
  }
};

domain::Sighting sighting() {
  domain::Sighting one;
  one.id = SightingId::random();
  one.person_id = PersonId::random();
  one.camera_id = CameraId::random();
  return one;
}

class SightingRecorderTest : public testing::Test {
 protected:
  Disk disk_;
  int woken_ = 0;
  telemetry::Metrics metrics_;
  SightingRecorder recorder_{disk_.append(), crypto::KeyRing::ephemeral(), metrics_,
                             [this] { ++woken_; }};
};

TEST_F(SightingRecorderTest, a_sighting_goes_to_the_outbox_and_wakes_the_drainer) {
  recorder_.record(sighting(), {});
  EXPECT_EQ(disk_.taken.size(), 1U);
  EXPECT_EQ(woken_, 1);
}

TEST_F(SightingRecorderTest, a_snapshot_is_sealed_before_it_touches_the_disk) {
  const std::string jpeg = "a face that must not be readable";
  recorder_.record(sighting(), as_bytes(jpeg));
  const Bytes& stored = disk_.snapshots.at(0);
  EXPECT_GT(stored.size(), jpeg.size());
  const std::string text(stored.begin(), stored.end());
  EXPECT_EQ(text.find("face"), std::string::npos);
}

TEST_F(SightingRecorderTest, what_a_full_disk_refuses_waits_and_goes_in_order_when_there_is_room) {
  disk_.full = true;
  std::vector<SightingId> order;
  for (int i = 0; i < 3; ++i) {
    const auto one = sighting();
    order.push_back(one.id);
    recorder_.record(one, {});
  }
  EXPECT_EQ(recorder_.waiting(), 3U);
  EXPECT_EQ(woken_, 0);
  recorder_.retry();
  EXPECT_EQ(recorder_.waiting(), 3U);
  disk_.full = false;
  const auto last = sighting();
  order.push_back(last.id);
  recorder_.record(last, {});
  EXPECT_EQ(recorder_.waiting(), 0U);
  ASSERT_EQ(disk_.taken.size(), 4U);
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(disk_.taken[i].id, order[i]);
}

TEST_F(SightingRecorderTest, the_memory_is_bounded_and_a_loss_is_counted) {
  disk_.full = true;
  for (int i = 0; i < 5'010; ++i) recorder_.record(sighting(), {});
  EXPECT_EQ(recorder_.waiting(), 5'000U);
  EXPECT_EQ(metrics_.counter("sightings_lost_total",
                             "Sightings given up because neither disk nor memory could take them")
                .value(),
            10);
}

/// The log lines of a scope: they go to stderr.
std::string logged(const std::function<void()>& action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

double lost(telemetry::Metrics& metrics) {
  return metrics
      .counter("sightings_lost_total",
               "Sightings given up because neither disk nor memory could take them")
      .value();
}

TEST_F(SightingRecorderTest, stopping_flushes_what_waits_in_memory) {
  disk_.full = true;
  for (int i = 0; i < 3; ++i) recorder_.record(sighting(), {});
  std::thread room([this] {
    // The outbox takes it again while media is already stopping.
    EXPECT_TRUE(test_support::eventually([this] { return disk_.refused > 4; }));
    disk_.full = false;
  });
  EXPECT_EQ(recorder_.finish(std::chrono::seconds(20)), 0U);
  room.join();
  EXPECT_EQ(disk_.taken.size(), 3U);
  EXPECT_EQ(lost(metrics_), 0);
}

TEST_F(SightingRecorderTest, what_cannot_be_flushed_in_time_is_counted_and_named) {
  disk_.full = true;
  const auto one = sighting();
  const auto two = sighting();
  recorder_.record(one, {});
  recorder_.record(two, {});
  const std::string log =
      logged([this] { EXPECT_EQ(recorder_.finish(std::chrono::milliseconds(20)), 2U); });
  EXPECT_EQ(lost(metrics_), 2);
  EXPECT_EQ(recorder_.waiting(), 0U);
  for (const auto& dropped : {one, two}) {
    EXPECT_NE(log.find(dropped.id.str()), std::string::npos) << log;
    EXPECT_NE(log.find(dropped.camera_id.str()), std::string::npos) << log;
  }
}

TEST_F(SightingRecorderTest, what_comes_after_the_end_is_lost_aloud_too) {
  auto recorder = std::make_unique<SightingRecorder>(disk_.append(), crypto::KeyRing::ephemeral(),
                                                     metrics_, [] {});
  EXPECT_EQ(recorder->finish(std::chrono::milliseconds(1)), 0U);
  disk_.full = true;
  const auto late = sighting();
  const std::string log = logged([&] {
    recorder->record(late, {});  // A recogniser that ended last of all.
    recorder.reset();
  });
  EXPECT_EQ(lost(metrics_), 1);
  EXPECT_NE(log.find(late.id.str()), std::string::npos) << log;
}

}  // namespace
}  // namespace surveillx::mediaserver
