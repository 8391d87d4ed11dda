#include "surveillx/vision/unpack.hpp"

#include "surveillx/test_support/support.hpp"

#include <bzlib.h>
#include <gtest/gtest.h>

#include <random>

namespace surveillx::vision {
namespace {

namespace fs = std::filesystem;
using test_support::read_file;
using test_support::TempDir;
using test_support::write_file;

std::string packed(const std::string& plain) {
  std::string out(plain.size() + plain.size() / 50 + 1000, '\0');
  auto size = static_cast<unsigned>(out.size());
  std::string copy = plain;
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, copy.data(),
                                     static_cast<unsigned>(copy.size()), 9, 0, 0),
            BZ_OK);
  out.resize(size);
  return out;
}

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

class Unpacking : public testing::Test {
 protected:
  Result<void> unpack(const std::string& bytes, const UnpackLimits& limits = {}) {
    write_file(dir_.path() / "in.bz2", bytes);
    return unpack_bzip2(dir_.path() / "in.bz2", file_, limits);
  }
  TempDir dir_;
  fs::path file_ = dir_.path() / "out";
};

TEST_F(Unpacking, gives_back_what_was_packed_over_several_buffers_and_streams) {
  const std::string plain = noise(700'000);
  ASSERT_TRUE(unpack(packed(plain)));
  EXPECT_EQ(read_file(file_), plain);
  ASSERT_TRUE(unpack(packed(plain) + packed("and more")));
  EXPECT_EQ(read_file(file_), plain + "and more");
}

TEST_F(Unpacking, what_is_cut_off_or_damaged_or_nothing_leaves_no_file) {
  const std::string good = packed(noise(300'000));
  std::string flipped = good;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x40);
  for (const std::string& bad :
       {good.substr(0, good.size() - 1), good.substr(0, 100), flipped, std::string("no bzip2"),
        std::string(), good + "rest"}) {
    const auto done = unpack(bad);
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().is(kUnpackFailed));
    EXPECT_FALSE(fs::exists(file_));
  }
}

TEST_F(Unpacking, a_bomb_stops_at_the_limits) {
  const std::string bomb = packed(std::string(8'000'000, '\0'));
  ASSERT_LT(bomb.size(), 1'000U);
  const auto by_ratio = unpack(bomb);
  ASSERT_FALSE(by_ratio);
  EXPECT_TRUE(by_ratio.error().is(kUnpackFailed));
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_FALSE(unpack(bomb, {.max_bytes = 1'000'000, .max_ratio = 1'000'000}));
  EXPECT_TRUE(unpack(bomb, {.max_bytes = 8'000'000, .max_ratio = 1'000'000}));
  EXPECT_FALSE(unpack(packed(noise(1'000)), {.max_bytes = 999}));
}

TEST_F(Unpacking, a_file_that_is_not_there_is_said_so) {
  EXPECT_TRUE(unpack_bzip2(dir_.path() / "absent", file_).error().is(kIo));
}

}  // namespace
}  // namespace surveillx::vision
