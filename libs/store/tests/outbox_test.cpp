#include "surveillx/store/outbox.hpp"

#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <set>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace surveillx::store {
namespace {

using test_support::TempDir;

domain::Sighting sighting(std::int64_t at = 1'700'000'000'123) {
  return {.id = SightingId::random(),
          .person_id = PersonId::random(),
          .camera_id = CameraId::random(),
          .at = from_millis(at),
          .kind = domain::SightingKind::last,
          .confidence = 0.5,
          .distance = 0.1,
          .model = "m"};
}

TEST(Outbox, entries_wait_in_order_until_they_are_acknowledged) {
  TempDir dir;
  const auto one = sighting();
  const auto two = sighting();
  const Bytes snapshot{0, 1, 2, 0};
  {
    const auto outbox = Outbox::open(dir.file("outbox.db")).value();
    ASSERT_TRUE(outbox->append(one, snapshot));
    ASSERT_TRUE(outbox->append(two, {}));
    EXPECT_EQ(outbox->size(), 2u);
  }
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  EXPECT_EQ(outbox->size(), 2u);
  const auto entries = outbox->peek(10).value();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].sighting.id, one.id);
  EXPECT_EQ(entries[0].sighting.person_id, one.person_id);
  EXPECT_EQ(entries[0].sighting.camera_id, one.camera_id);
  EXPECT_EQ(entries[0].sighting.at, one.at);
  EXPECT_EQ(entries[0].sighting.kind, one.kind);
  EXPECT_EQ(entries[0].sighting.distance, one.distance);
  EXPECT_EQ(entries[0].sealed_snapshot, snapshot);
  EXPECT_TRUE(entries[1].sealed_snapshot.empty());

  const std::int64_t first[] = {entries[0].sequence};
  ASSERT_TRUE(outbox->acknowledge(first));
  ASSERT_TRUE(outbox->acknowledge(first));  // Repeatable.
  EXPECT_EQ(outbox->size(), 1u);
  EXPECT_EQ(outbox->peek(10)->at(0).sighting.id, two.id);
}

TEST(Outbox, the_same_sighting_waits_once) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  const auto one = sighting();
  ASSERT_TRUE(outbox->append(one, {}));
  ASSERT_TRUE(outbox->append(one, {}));
  EXPECT_EQ(outbox->size(), 1u);
}

TEST(Outbox, a_second_owner_is_refused) {
  TempDir dir;
  auto outbox = Outbox::open(dir.file("outbox.db")).value();
  const auto second = Outbox::open(dir.file("outbox.db"));
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().is(kOutboxInUse));
  outbox.reset();
  EXPECT_TRUE(Outbox::open(dir.file("outbox.db")));
}

TEST(Outbox, what_cannot_be_opened_is_named) {
  TempDir dir;
  test_support::write_file(dir.file("file"), "x");
  EXPECT_TRUE(Outbox::open(dir.file("file") + "/outbox.db").error().is(kOutboxUnavailable));
  test_support::write_file(dir.file("text.db"), std::string(5000, 'x'));
  EXPECT_TRUE(Outbox::open(dir.file("text.db")).error().is(kOutboxUnavailable));
}

TEST(Outbox, a_full_disk_is_named_and_the_caller_may_try_again) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db"), {.max_bytes = 400'000}).value();
  const Bytes snapshot(50'000, 7);
  std::vector<domain::Sighting> stored;
  std::optional<domain::Sighting> refused;
  for (int i = 0; i < 50 && !refused; ++i) {
    const auto one = sighting();
    const auto appended = outbox->append(one, snapshot);
    if (appended) {
      stored.push_back(one);
    } else {
      EXPECT_TRUE(appended.error().is(kOutboxFull)) << appended.error().message;
      refused = one;
    }
  }
  ASSERT_TRUE(refused);
  ASSERT_GE(stored.size(), 3u);
  EXPECT_EQ(outbox->size(), stored.size());
  std::vector<std::int64_t> sequences;
  for (const auto& entry : outbox->peek(3).value()) sequences.push_back(entry.sequence);
  ASSERT_TRUE(outbox->acknowledge(sequences));
  EXPECT_TRUE(outbox->append(*refused, snapshot));
}

TEST(Outbox, dead_letters_are_kept_apart) {
  TempDir dir;
  const auto one = sighting();
  {
    const auto outbox = Outbox::open(dir.file("outbox.db")).value();
    ASSERT_TRUE(outbox->append(one, Bytes{9}));
    ASSERT_TRUE(outbox->set_aside(outbox->peek(1)->at(0).sequence, "refused for ever"));
    EXPECT_EQ(outbox->size(), 0u);
    EXPECT_EQ(outbox->dead_letter_count(), 1u);
    ASSERT_TRUE(outbox->append(sighting(), {}));
    ASSERT_TRUE(outbox->set_aside(outbox->peek(1)->at(0).sequence, "this too"));
  }
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  const auto letters = outbox->dead_letters().value();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].entry.sighting.id, one.id);
  EXPECT_EQ(letters[0].entry.sealed_snapshot, Bytes{9});
  EXPECT_EQ(letters[0].reason, "refused for ever");
}

TEST(Outbox, nothing_acknowledged_is_lost_when_the_process_is_killed) {
  TempDir dir;
  const std::string file = dir.file("outbox.db");
  std::set<std::string> told;
  for (int round = 0; round < 5; ++round) {
    int channel[2];
    ASSERT_EQ(::pipe(channel), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(channel[0]);
      auto outbox = Outbox::open(file);
      if (!outbox) ::_exit(1);
      const Bytes snapshot(20'000, 3);
      for (;;) {
        const auto one = sighting();
        // Told only after append() has returned.
        if (!(*outbox)->append(one, snapshot)) ::_exit(2);
        if (::write(channel[1], one.id.str().data(), 36) != 36) ::_exit(3);
      }
    }
    ::close(channel[1]);
    char id[36];
    std::size_t got = 0;
    int ids = 0;
    // Killed in the middle of whatever it does after the n-th.
    while (true) {
      const ssize_t n = ::read(channel[0], id + got, sizeof(id) - got);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
      if (got < sizeof(id)) continue;
      told.insert(std::string(id, sizeof(id)));
      got = 0;
      if (++ids == 5 + 3 * round) ::kill(child, SIGKILL);
    }
    ::close(channel[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);

    const auto outbox = Outbox::open(file).value();  // The lock went with the process.
    std::set<std::string> waiting;
    for (const auto& entry : outbox->peek(10'000).value()) {
      waiting.insert(entry.sighting.id.str());
      EXPECT_EQ(entry.sealed_snapshot.size(), 20'000u);
    }
    for (const auto& one : told) EXPECT_TRUE(waiting.contains(one));
  }
  EXPECT_GE(told.size(), 50u);
}

TEST(Outbox, a_torn_write_at_the_end_loses_only_what_was_never_acknowledged) {
  TempDir dir;
  TempDir copy;
  const auto one = sighting();
  const auto two = sighting();
  {
    const auto outbox = Outbox::open(dir.file("outbox.db")).value();
    ASSERT_TRUE(outbox->append(one, Bytes(3000, 1)));
    const auto size = std::filesystem::file_size(dir.file("outbox.db-wal"));
    ASSERT_TRUE(outbox->append(two, Bytes(3000, 2)));
    // As the disk would look after a power failure in the middle of the second append.
    for (const char* name : {"outbox.db", "outbox.db-wal"}) {
      std::filesystem::copy_file(dir.file(name), copy.file(name));
    }
    std::filesystem::resize_file(copy.file("outbox.db-wal"), size + 1000);
  }
  const auto outbox = Outbox::open(copy.file("outbox.db")).value();
  const auto entries = outbox->peek(10).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].sighting.id, one.id);
  EXPECT_TRUE(outbox->append(two, {}));
}

TEST(Outbox, threads_may_append_and_drain_at_once) {
  TempDir dir;
  const auto outbox = Outbox::open(dir.file("outbox.db")).value();
  std::set<std::string> seen;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 15; ++i) ASSERT_TRUE(outbox->append(sighting(), Bytes(100, 1)));
      });
    }
    ASSERT_TRUE(test_support::eventually([&] {
      std::vector<std::int64_t> sequences;
      for (const auto& entry : outbox->peek(7).value()) {
        seen.insert(entry.sighting.id.str());
        sequences.push_back(entry.sequence);
      }
      EXPECT_TRUE(outbox->acknowledge(sequences));
      return seen.size() == 45;
    }));
  }
  EXPECT_EQ(outbox->size(), 0u);
}

}  // namespace
}  // namespace surveillx::store
