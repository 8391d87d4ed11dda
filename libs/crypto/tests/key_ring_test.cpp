#include "surveillx/crypto/key_ring.hpp"

#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sys/stat.h>
#include <thread>

namespace surveillx::crypto {
namespace {

using test_support::read_file;
using test_support::TempDir;
using test_support::write_file;
namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777;
}

TEST(KeyRing, creates_the_file_once_for_its_owner_only) {
  TempDir dir;
  const fs::path file = dir.path() / "keys" / "master.key";
  auto first = KeyRing::load_or_create(file);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(mode_of(file), 0600u);
  EXPECT_EQ(mode_of(file.parent_path()), 0700u);
  const std::string content = read_file(file);
  EXPECT_EQ(content.size(), 32u);

  auto second = KeyRing::load_or_create(file);
  ASSERT_TRUE(second);
  EXPECT_EQ(read_file(file), content);
  EXPECT_EQ(second->id(), first->id());
  EXPECT_EQ(second->media_token(), first->media_token());
  EXPECT_EQ(std::distance(fs::directory_iterator(file.parent_path()), {}), 1);
}

TEST(KeyRing, processes_that_start_at_once_agree_on_one_key) {
  TempDir dir;
  std::vector<std::string> ids(8);
  {
    std::vector<std::jthread> threads;
    for (auto& id : ids) {
      threads.emplace_back([&] { id = KeyRing::load_or_create(dir.file("k/master.key"))->id(); });
    }
  }
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1u);
}

TEST(KeyRing, refuses_a_key_that_others_can_read) {
  TempDir dir;
  const std::string file = dir.file("master.key");
  write_file(file, std::string(32, 'k'));
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  const auto ring = KeyRing::load_or_create(file);
  ASSERT_FALSE(ring);
  EXPECT_TRUE(ring.error().is(kKeyFilePermissions));
  EXPECT_NE(ring.error().message.find("chmod 600"), std::string::npos);
}

TEST(KeyRing, refuses_a_key_of_another_size_and_does_not_replace_it) {
  TempDir dir;
  const std::string file = dir.file("master.key");
  for (const std::size_t size : {0u, 31u, 33u}) {
    write_file(file, std::string(size, 'k'));
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
    const auto ring = KeyRing::load_or_create(file);
    ASSERT_FALSE(ring) << size;
    EXPECT_TRUE(ring.error().is(kKeyFileInvalid));
    EXPECT_EQ(read_file(file).size(), size);
  }
}

TEST(KeyRing, names_a_missing_file) {
  TempDir dir;
  const auto ring = KeyRing::load(dir.file("none"));
  ASSERT_FALSE(ring);
  EXPECT_TRUE(ring.error().is(kKeyFileMissing));
}

TEST(KeyRing, sealed_bytes_open_again_only_for_their_row) {
  const KeyRing ring = KeyRing::ephemeral();
  const Bytes plain{1, 2, 3, 0, 255};
  const Bytes sealed = ring.seal(plain, "photo:1");
  EXPECT_EQ(sealed.size(), plain.size() + 45);
  EXPECT_EQ(ring.unseal(sealed, "photo:1").value(), plain);
  const auto moved = ring.unseal(sealed, "photo:2");
  ASSERT_FALSE(moved);
  EXPECT_TRUE(moved.error().is(kSealBroken));
}

TEST(KeyRing, every_changed_or_missing_byte_is_noticed) {
  const KeyRing ring = KeyRing::ephemeral();
  const Bytes sealed = ring.seal(Bytes{7, 7, 7}, "row");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(ring.unseal(changed, "row")) << i;
    EXPECT_FALSE(ring.unseal(ByteView(sealed).first(i), "row")) << i;
  }
}

TEST(KeyRing, another_key_is_told_from_damage) {
  const Bytes sealed = KeyRing::ephemeral().seal(Bytes{1}, "row");
  const auto opened = KeyRing::ephemeral().unseal(sealed, "row");
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().is(kWrongKey));
}

TEST(KeyRing, equal_plaintexts_seal_differently) {
  const KeyRing ring = KeyRing::ephemeral();
  EXPECT_NE(ring.seal(Bytes{}, "row"), ring.seal(Bytes{}, "row"));
  EXPECT_TRUE(ring.unseal(ring.seal(Bytes{}, "row"), "row").value().empty());
}

TEST(KeyRing, media_token_is_no_part_of_the_key_file) {
  TempDir dir;
  const auto ring = KeyRing::load_or_create(dir.file("master.key"));
  ASSERT_TRUE(ring);
  EXPECT_EQ(ring->media_token().size(), 43u);
  EXPECT_NE(ring->media_token(), base64url_encode(as_bytes(read_file(dir.file("master.key")))));
}

}  // namespace
}  // namespace surveillx::crypto
