#include "sighting_recorder.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "surveillx/store/outbox.hpp"

namespace surveillx::mediaserver {
namespace {

/// An outbox whose disk can be filled and emptied.
struct Disk {
  bool full = false;
  std::vector<domain::Sighting> taken;
  std::vector<Bytes> snapshots;

  SightingRecorder::Append append() {
    return [this](const domain::Sighting& sighting, ByteView snapshot) -> Result<void> {
      if (full) return Error{store::kOutboxFull, "the disk is full"};
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

}  // namespace
}  // namespace surveillx::mediaserver
