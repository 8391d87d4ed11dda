#include "surveillx/store/dead_letter_box.hpp"

#include "surveillx/store/outbox_drainer.hpp"

#include "fixture.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

namespace surveillx::store {
namespace {

using test_support::eventually;
using test_support::read_file;
using test_support::TempDir;

const std::string kPicture = "a face that must be gone afterwards";

domain::Sighting sighting(const PersonId& person) {
  return {.id = SightingId::random(),
          .person_id = person,
          .camera_id = CameraId::random(),
          .at = from_millis(1'700'000'000'000),
          .kind = domain::SightingKind::first,
          .confidence = 0.5,
          .distance = 0.1,
          .model = "m"};
}

void kill(Outbox& outbox, const domain::Sighting& one, const std::string& reason = "refused") {
  ASSERT_TRUE(outbox.append(one, as_bytes(kPicture)));
  const auto entries = outbox.peek(1'000).value();
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.sighting.id == one.id;
  });
  ASSERT_NE(found, entries.end());
  ASSERT_TRUE(outbox.set_aside(found->sequence, reason));
}

/// Whether the picture is still to be found on disk, in the file or in the log beside it.
bool on_disk(const TempDir& dir) {
  for (const char* name : {"outbox.db", "outbox.db-wal"}) {
    if (!std::filesystem::exists(dir.file(name))) continue;
    if (read_file(dir.file(name)).find(kPicture) != std::string::npos) return true;
  }
  return false;
}

TEST(DeadLetters, are_listed_beside_the_process_that_holds_the_outbox) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  const auto dead = sighting(PersonId::random());
  kill(*outbox, dead, "a constraint says no");
  ASSERT_TRUE(outbox->append(sighting(PersonId::random()), {}));
  const auto box = DeadLetterBox::open(dir.file("outbox.db")).value();
  EXPECT_EQ(box->waiting().value(), 1u);
  const auto letters = box->letters().value();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].entry.sighting.id, dead.id);
  EXPECT_EQ(letters[0].reason, "a constraint says no");
  EXPECT_TRUE(box->media_runs());
  ASSERT_TRUE(outbox->append(sighting(PersonId::random()), {}));  // Nobody is in the way.
}

TEST(DeadLetters, a_folder_without_an_outbox_is_said_and_no_file_is_made) {
  TempDir dir;
  const auto box = DeadLetterBox::open(dir.file("outbox.db"));
  ASSERT_FALSE(box);
  EXPECT_TRUE(box.error().is(kNotFound));
  EXPECT_FALSE(std::filesystem::exists(dir.file("outbox.db")));
}

TEST(DeadLetters, one_that_is_tried_again_is_delivered_by_the_running_drainer) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  const auto first = sighting(PersonId::random());
  std::atomic<bool> broken = true;
  std::atomic<int> delivered = 0;
  OutboxDrainer drainer(
      outbox,
      [&](const OutboxEntry& entry) -> Result<Delivery> {
        if (broken) return Error{kInternal, "broken"};
        EXPECT_EQ(entry.sighting.id, first.id);
        EXPECT_EQ(entry.sighting.at, first.at);
        EXPECT_EQ(std::string(entry.sealed_snapshot.begin(), entry.sealed_snapshot.end()), kPicture);
        ++delivered;
        return Delivery{};
      },
      nullptr,
      {.batch = 8,
       .first_wait = std::chrono::milliseconds(1),
       .longest_wait = std::chrono::milliseconds(10'000)});
  ASSERT_TRUE(outbox->append(first, as_bytes(kPicture)));
  drainer.start();
  ASSERT_TRUE(eventually([&] { return outbox->dead_letter_count() == 1; }));
  broken = false;
  const auto box = DeadLetterBox::open(dir.file("outbox.db")).value();
  EXPECT_EQ(box->retry(std::vector{first.id}).value(), 1u);
  EXPECT_EQ(box->retry(std::vector{first.id}).value(), 0u);
  EXPECT_TRUE(outbox->refresh().value());
  EXPECT_EQ(outbox->dead_letter_count(), 0u);
  drainer.notify();
  EXPECT_TRUE(eventually([&] { return delivered == 1 && outbox->size() == 0; }));
  EXPECT_FALSE(outbox->refresh().value());  // What this process does itself is no news.
}

TEST(DeadLetters, what_is_purged_is_gone_from_the_disk) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  const auto dead = sighting(PersonId::random());
  kill(*outbox, dead);
  ASSERT_TRUE(on_disk(dir));
  const auto box = DeadLetterBox::open(dir.file("outbox.db")).value();
  EXPECT_EQ(box->purge(std::vector{SightingId::random()}).value(), 0u);
  EXPECT_EQ(box->purge(std::vector{dead.id}).value(), 1u);
  EXPECT_TRUE(box->letters()->empty());
  EXPECT_FALSE(on_disk(dir));
  EXPECT_TRUE(outbox->refresh().value());
  EXPECT_EQ(outbox->dead_letter_count(), 0u);
}

class ForgetTest : public StoreTest {};
SURVEILLX_ON_BOTH_DATABASES(ForgetTest);

TEST_P(ForgetTest, a_removed_person_s_dead_letters_go_and_others_stay) {
  const auto outbox = Outbox::open(dir_.file("outbox.db")).value();
  const auto ada = person("Ada");
  const auto bob = person("Bob");
  kill(*outbox, sighting(ada.id));
  kill(*outbox, sighting(ada.id));
  EXPECT_EQ(forget_removed_people(*outbox, store_->people).value(), 0u);
  ASSERT_TRUE(store_->people.remove(ada.id));
  EXPECT_EQ(forget_removed_people(*outbox, store_->people).value(), 2u);
  EXPECT_EQ(outbox->dead_letter_count(), 0u);
  EXPECT_FALSE(on_disk(dir_));
  kill(*outbox, sighting(bob.id));
  kill(*outbox, sighting(PersonId::trusted("no uuid")));  // Nobody's, so nobody could remove it.
  EXPECT_EQ(forget_removed_people(*outbox, store_->people).value(), 1u);
  EXPECT_EQ(outbox->dead_letters()->at(0).entry.sighting.person_id, bob.id);
}

}  // namespace
}  // namespace surveillx::store
