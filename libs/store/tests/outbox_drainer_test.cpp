#include "surveillx/store/outbox_drainer.hpp"

#include "fixture.hpp"
#include "sql.hpp"

#include <atomic>
#include <new>
#include <stdexcept>

namespace surveillx::store {
namespace {

using std::chrono::milliseconds;
using test_support::eventually;
using test_support::PostgresServer;
using test_support::TempDir;

domain::Sighting sighting(const PersonId& person, std::int64_t seconds = 1'700'000'000) {
  return {.id = SightingId::random(),
          .person_id = person,
          .camera_id = CameraId::random(),
          .at = from_millis(seconds * 1000),
          .kind = domain::SightingKind::first,
          .confidence = 0.5,
          .distance = 0.1,
          .model = "m"};
}

class DrainerTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    outbox_ = Outbox::open(dir_.file("outbox.db")).value();
  }
  std::shared_ptr<Outbox> outbox_;
};
SURVEILLX_ON_BOTH_DATABASES(DrainerTest);

TEST_P(DrainerTest, entries_reach_the_book_once_each) {
  const auto ada = person("Ada");
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(outbox_->append(sighting(ada.id, 1'700'000'000 + i), {}));
  std::atomic<int> told = 0;
  std::atomic<int> firsts = 0;
  OutboxDrainer drainer(outbox_, store_->attendance, attendance::TimeZone::utc(),
                        [&](const domain::Sighting&, const Delivery& delivery) {
                          ++told;
                          firsts += delivery.first_of_day ? 1 : 0;
                        });
  drainer.start();
  EXPECT_TRUE(eventually([&] { return told == 50 && outbox_->size() == 0; }));
  ASSERT_TRUE(outbox_->append(sighting(ada.id, 1'700'000'100), {}));
  drainer.notify();
  EXPECT_TRUE(eventually([&] { return told == 51; }));
  drainer.stop();
  EXPECT_EQ(firsts, 1);
  EXPECT_EQ(store_->attendance.records_of_day("2023-11-14")->at(0).sightings, 51);
  EXPECT_EQ(drainer.stats().recorded, 51u);
}

TEST_P(DrainerTest, an_entry_delivered_but_not_forgotten_counts_once) {
  const auto ada = person("Ada");
  const auto one = sighting(ada.id);
  // As after a crash between the commit and the acknowledgement.
  ASSERT_TRUE(store_->attendance.deliver(one, {}, attendance::TimeZone::utc()));
  ASSERT_TRUE(outbox_->append(one, {}));
  OutboxDrainer drainer(outbox_, store_->attendance, attendance::TimeZone::utc(), nullptr);
  (void)drainer.step();
  EXPECT_EQ(outbox_->size(), 0u);
  EXPECT_EQ(drainer.stats().repeated, 1u);
  EXPECT_EQ(store_->attendance.records_of_day("2023-11-14")->at(0).sightings, 1);
}

TEST_P(DrainerTest, malformed_and_orphaned_entries_do_not_block_the_rest) {
  const auto ada = person("Ada");
  auto poisoned = sighting(ada.id);
  poisoned.camera_id = CameraId::trusted("no uuid");
  ASSERT_TRUE(outbox_->append(poisoned, {}));
  ASSERT_TRUE(outbox_->append(sighting(PersonId::random()), {}));
  ASSERT_TRUE(outbox_->append(sighting(ada.id), {}));
  OutboxDrainer drainer(outbox_, store_->attendance, attendance::TimeZone::utc(), nullptr);
  (void)drainer.step();
  EXPECT_EQ(outbox_->size(), 0u);
  EXPECT_EQ(outbox_->dead_letter_count(), 1u);
  const auto stats = drainer.stats();
  EXPECT_EQ(stats.recorded, 1u);
  EXPECT_EQ(stats.person_gone, 1u);
  EXPECT_EQ(stats.dead_lettered, 1u);
}

TEST(Drainer, waits_longer_and_longer_while_the_database_is_away) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  ASSERT_TRUE(outbox->append(sighting(PersonId::random()), {}));
  bool away = true;
  OutboxDrainer drainer(outbox,
                        [&](const OutboxEntry&) -> Result<Delivery> {
                          if (away) return Error{kDatabaseUnavailable, "away"};
                          return Delivery{};
                        },
                        nullptr,
                        {.batch = 8,
                         .first_wait = milliseconds(100),
                         .longest_wait = milliseconds(350),
                         .attempts = 2});
  EXPECT_EQ(drainer.step(), milliseconds(100));
  EXPECT_EQ(drainer.step(), milliseconds(200));
  EXPECT_EQ(drainer.step(), milliseconds(350));
  EXPECT_EQ(drainer.step(), milliseconds(350));
  EXPECT_TRUE(drainer.stats().database_down);
  EXPECT_EQ(outbox->size(), 1u);  // However long it lasts.
  EXPECT_EQ(outbox->dead_letter_count(), 0u);
  away = false;
  EXPECT_EQ(drainer.step(), milliseconds(0));
  EXPECT_FALSE(drainer.stats().database_down);
  EXPECT_EQ(outbox->size(), 0u);
}

TEST(Drainer, an_entry_that_keeps_failing_is_set_aside_and_the_rest_go_through) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  const auto bad = sighting(PersonId::random());
  ASSERT_TRUE(outbox->append(bad, {}));
  ASSERT_TRUE(outbox->append(sighting(PersonId::random()), {}));
  OutboxDrainer drainer(
      outbox,
      [&](const OutboxEntry& entry) -> Result<Delivery> {
        if (entry.sighting.id == bad.id) return Error{kInternal, "a constraint says no"};
        return Delivery{};
      },
      nullptr,
      {.batch = 8, .first_wait = milliseconds(1), .longest_wait = milliseconds(1), .attempts = 3});
  (void)drainer.step();
  EXPECT_EQ(outbox->size(), 1u);
  (void)drainer.step();
  EXPECT_EQ(outbox->dead_letter_count(), 0u);
  (void)drainer.step();
  EXPECT_EQ(outbox->size(), 0u);
  EXPECT_EQ(outbox->dead_letters()->at(0).reason, "a constraint says no");
}

TEST(Drainer, an_exception_of_any_kind_costs_the_entry_that_causes_it_and_after_three_tries) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  const auto bad = sighting(PersonId::random());
  const auto odd = sighting(PersonId::random());
  ASSERT_TRUE(outbox->append(bad, {}));
  ASSERT_TRUE(outbox->append(odd, {}));
  ASSERT_TRUE(outbox->append(sighting(PersonId::random()), {}));
  std::atomic<int> tries = 0;
  OutboxDrainer drainer(
      outbox,
      [&](const OutboxEntry& entry) -> Result<Delivery> {
        if (entry.sighting.id == bad.id) {
          ++tries;
          throw std::out_of_range("a bug, not the database");
        }
        if (entry.sighting.id == odd.id) throw 42;
        return Delivery{};
      },
      nullptr, {.batch = 8, .first_wait = milliseconds(1), .longest_wait = milliseconds(5)});
  drainer.start();
  EXPECT_TRUE(eventually([&] { return outbox->size() == 0; }));
  drainer.stop();
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(drainer.stats().recorded, 1u);
  const auto letters = outbox->dead_letters().value();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].entry.sighting.id, bad.id);
  EXPECT_EQ(letters[0].reason, "a bug, not the database");
  EXPECT_EQ(letters[1].entry.sighting.id, odd.id);
}

TEST(Drainer, an_exception_of_whoever_is_told_costs_neither_the_entry_nor_the_drainer) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  ASSERT_TRUE(outbox->append(sighting(PersonId::random()), {}));
  ASSERT_TRUE(outbox->append(sighting(PersonId::random()), {}));
  int told = 0;
  OutboxDrainer drainer(
      outbox, [](const OutboxEntry&) -> Result<Delivery> { return Delivery{}; },
      [&](const domain::Sighting&, const Delivery&) {
        ++told;
        throw std::bad_alloc();
      });
  EXPECT_EQ(drainer.step(), milliseconds(0));
  EXPECT_EQ(told, 2);
  EXPECT_EQ(outbox->size(), 0u);
  EXPECT_EQ(outbox->dead_letter_count(), 0u);
}

TEST(Drainer, loses_nothing_over_a_postgresql_outage) {
  auto* server = PostgresServer::shared();
  if (server == nullptr) GTEST_SKIP() << "no PostgreSQL server on this machine";
  TempDir dir;
  DatabaseOptions options;
  options.url = server->create_database();
  options.schema = SchemaPolicy::migrate;
  const auto store = Store::open(options, crypto::KeyRing::ephemeral()).value();
  const auto ada = store->people.create({.name = "Ada", .external_id = "", .group = ""}).value();
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  OutboxDrainer drainer(outbox, store->attendance, attendance::TimeZone::utc(), nullptr,
                        {.batch = 4,
                         .first_wait = milliseconds(10),
                         .longest_wait = milliseconds(50),
                         .attempts = 3});
  drainer.start();
  int appended = 0;
  const auto append = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(outbox->append(sighting(ada.id, 1'700'000'000 + appended++), {}));
      drainer.notify();
    }
  };
  append(20);
  server->stop();
  append(20);
  EXPECT_TRUE(eventually([&] { return drainer.stats().database_down; }));
  server->start();
  append(10);
  EXPECT_TRUE(eventually([&] { return outbox->size() == 0; }));
  drainer.stop();
  EXPECT_EQ(outbox->dead_letter_count(), 0u);
  EXPECT_EQ(store->attendance.records_of_day("2023-11-14")->at(0).sightings, 50);
}

TEST(Drainer, sets_nothing_aside_while_postgresql_is_being_restored_or_lacks_rights) {
  auto* server = PostgresServer::shared();
  if (server == nullptr) GTEST_SKIP() << "no PostgreSQL server on this machine";
  TempDir dir;
  DatabaseOptions options;
  options.url = server->create_database();
  options.schema = SchemaPolicy::migrate;
  const auto store = Store::open(options, crypto::KeyRing::ephemeral()).value();
  const auto ada = store->people.create({.name = "Ada", .external_id = "", .group = ""}).value();
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  ASSERT_TRUE(outbox->append(sighting(ada.id), {}));
  OutboxDrainer drainer(
      outbox, store->attendance, attendance::TimeZone::utc(), nullptr,
      {.batch = 4, .first_wait = milliseconds(1), .longest_wait = milliseconds(1), .attempts = 2});
  const auto change = [&](const char* sql) {
    const auto done = run(store->database(), Mode::single, [&](Connection& db) -> Result<void> {
      db.execute(sql);
      return {};
    });
    ASSERT_TRUE(done) << done.error().message;
  };
  change("alter table sighting rename to sighting_away");
  for (int i = 0; i < 4; ++i) (void)drainer.step();
  EXPECT_TRUE(drainer.stats().database_down);
  EXPECT_EQ(outbox->dead_letter_count(), 0u);
  change("alter table sighting_away rename to sighting");
  (void)drainer.step();
  EXPECT_EQ(outbox->size(), 0u);
  EXPECT_EQ(store->attendance.records_of_day("2023-11-14")->at(0).sightings, 1);
}

}  // namespace
}  // namespace surveillx::store
