#include "revision_follower.hpp"

#include "surveillx/store/store.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace surveillx::mediaserver {
namespace {

using test_support::eventually;

/// Counts how often it is asked to read, and can be told to fail.
struct CountingReader {
  std::atomic<int> asked{0};
  std::atomic<bool> fails{false};
  std::atomic<bool> throws{false};
  std::atomic<bool> held{false};  ///< Somebody waits in here.

  /// From now on reading takes until `release`.
  void hold() { holds_ = true; }
  void release() {
    holds_ = false;
    holds_.notify_all();
  }
  RevisionFollower::Reader of(std::int64_t store::Revisions::*counter) {
    return {"a table", counter, 1, [this]() -> Result<void> {
              ++asked;
              held = holds_.load();
              holds_.wait(true);
              held = false;
              if (throws) throw std::runtime_error("out of memory");
              if (fails) return Error{kUnavailable, "the table is locked"};
              return {};
            }};
  }

 private:
  std::atomic<bool> holds_{false};
};

class RevisionFollowerTest : public testing::Test {
 protected:
  ~RevisionFollowerTest() override { gallery_.release(); }
  RevisionFollowerTest() {
    store::DatabaseOptions options;
    options.data_dir = dir_.path();
    options.schema = store::SchemaPolicy::create;
    store_ = store::Store::open(options, crypto::KeyRing::ephemeral()).value();
    follower_.emplace(store_->revision, health_,
                      std::vector{cameras_.of(&store::Revisions::cameras),
                                  gallery_.of(&store::Revisions::gallery)},
                      [this](const auto& revisions) {
                        answered_ = revisions.has_value();
                        ++looks_;
                      },
                      pulse_);
  }

  /// Whole looks that began after this call.
  [[nodiscard]] bool looks_again(int times = 1) {
    for (const int until = looks_ + times + 1; looks_ < until;) {
      const int before = looks_;
      follower_->wake();
      if (!eventually([&] { return looks_ > before; })) return false;
    }
    return true;
  }
  double up() { return metrics_.gauge("media_database_up", "1 while the database answers").value(); }

  test_support::TempDir dir_;
  telemetry::Metrics metrics_;
  DatabaseHealth health_{metrics_};
  ManualClock clock_;  ///< By which the pulse is felt.
  std::shared_ptr<store::Store> store_;
  FollowerPulse pulse_{[this] { return store_->database().longest_call(); }, clock_};
  CountingReader cameras_;
  CountingReader gallery_;
  std::atomic<int> looks_{0};
  std::atomic<bool> answered_{false};
  std::optional<RevisionFollower> follower_;
};

TEST_F(RevisionFollowerTest, only_those_read_whose_revision_has_moved) {
  ASSERT_TRUE(follower_->load_now());
  EXPECT_EQ(cameras_.asked, 1);
  EXPECT_EQ(gallery_.asked, 1);
  follower_->start();
  ASSERT_TRUE(looks_again(3));
  EXPECT_EQ(cameras_.asked, 1);
  ASSERT_TRUE(store_->cameras.add("gate"));
  ASSERT_TRUE(looks_again(3));
  EXPECT_EQ(cameras_.asked, 2);
  EXPECT_EQ(gallery_.asked, 1);
  EXPECT_TRUE(answered_);
  EXPECT_EQ(up(), 1);
}

TEST_F(RevisionFollowerTest, a_reader_that_fails_is_asked_again_and_holds_up_no_other) {
  ASSERT_TRUE(follower_->load_now());
  cameras_.fails = true;
  follower_->start();
  ASSERT_TRUE(store_->cameras.add("gate"));
  ASSERT_TRUE(store_->people.create({"Ada", "", ""}));
  ASSERT_TRUE(looks_again(3));
  EXPECT_GE(cameras_.asked, 4);
  EXPECT_EQ(gallery_.asked, 2);
  EXPECT_FALSE(answered_);
  EXPECT_EQ(up(), 0);
  cameras_.fails = false;
  ASSERT_TRUE(looks_again());
  const int asked = cameras_.asked;
  ASSERT_TRUE(looks_again(2));
  EXPECT_EQ(cameras_.asked, asked);
  EXPECT_TRUE(answered_);
  EXPECT_EQ(up(), 1);
}

TEST_F(RevisionFollowerTest, a_reader_that_throws_does_not_end_the_thread) {
  ASSERT_TRUE(follower_->load_now());
  gallery_.throws = true;
  follower_->start();
  ASSERT_TRUE(store_->people.create({"Ada", "", ""}));
  ASSERT_TRUE(looks_again(2));
  EXPECT_EQ(up(), 0);
  gallery_.throws = false;
  ASSERT_TRUE(looks_again());
  EXPECT_EQ(up(), 1);
}

TEST_F(RevisionFollowerTest, its_pulse_tells_a_reader_that_hangs_from_one_that_fails) {
  ASSERT_TRUE(follower_->load_now());
  EXPECT_FALSE(pulse_.state().overdue);
  follower_->start();
  cameras_.fails = true;
  ASSERT_TRUE(store_->cameras.add("gate"));
  ASSERT_TRUE(looks_again(2));
  EXPECT_LT(pulse_.state().since_look, std::chrono::seconds(1)) << "nobody has moved the clock";
  cameras_.fails = false;

  const auto limit = *store_->database().longest_call();
  gallery_.hold();
  ASSERT_TRUE(store_->people.create({"Ada", "", ""}));
  follower_->wake();
  ASSERT_TRUE(eventually([&] { return gallery_.held.load(); }));
  clock_.advance(limit);
  EXPECT_FALSE(pulse_.state().overdue) << "so long one call may take";
  clock_.advance(std::chrono::minutes(10));
  EXPECT_TRUE(pulse_.state().overdue);
  EXPECT_EQ(pulse_.state().step, "a table");
  gallery_.release();
  ASSERT_TRUE(looks_again());
  EXPECT_FALSE(pulse_.state().overdue);
  follower_->stop();
  clock_.advance(std::chrono::hours(24));
  EXPECT_FALSE(pulse_.state().overdue);
}

TEST_F(RevisionFollowerTest, what_cannot_be_read_at_the_start_is_told_to_who_starts) {
  gallery_.fails = true;
  const auto loaded = follower_->load_now();
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(loaded.error().is(kUnavailable));
  EXPECT_EQ(cameras_.asked, 1);
}

TEST(DatabaseHealth, is_well_only_when_it_is_for_all_who_ask) {
  using Asker = DatabaseHealth::Asker;
  telemetry::Metrics metrics;
  DatabaseHealth health(metrics);
  const auto up = metrics.gauge("media_database_up", "1 while the database answers");
  const Result<void> well;
  const Result<void> failed = Error{kUnavailable, "locked"};
  health.note(Asker::revisions, well);
  EXPECT_EQ(up.value(), 1);
  health.note(Asker::photos, failed);
  EXPECT_EQ(up.value(), 0);
  health.note(Asker::revisions, well);
  EXPECT_EQ(up.value(), 0) << "photos cannot be claimed still";
  health.note(Asker::revisions, failed);
  health.note(Asker::photos, well);
  EXPECT_EQ(up.value(), 0);
  health.note(Asker::revisions, well);
  EXPECT_EQ(up.value(), 1);
}

}  // namespace
}  // namespace surveillx::mediaserver
