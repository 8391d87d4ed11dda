#include "surveillx/frame/convert.hpp"
#include "surveillx/frame/jpeg.hpp"
#include "surveillx/frame/latest_slot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

using namespace surveillx;
using namespace surveillx::frame;

namespace {

struct Colour {
  int b, g, r;
};

PicturePtr plain(Size size, Colour c) {
  Bytes bgr(static_cast<std::size_t>(size.width * size.height * 3));
  for (std::size_t i = 0; i < bgr.size(); i += 3) {
    bgr[i] = static_cast<std::uint8_t>(c.b);
    bgr[i + 1] = static_cast<std::uint8_t>(c.g);
    bgr[i + 2] = static_cast<std::uint8_t>(c.r);
  }
  return from_bgr(bgr.data(), size.width * 3, size);
}

Colour centre(const Picture& picture) {
  const Size size = picture.size();
  Bytes bgr(static_cast<std::size_t>(size.width * size.height * 3));
  to_bgr(picture, bgr.data(), size.width * 3);
  const auto at = static_cast<std::size_t>((size.height / 2 * size.width + size.width / 2) * 3);
  return {bgr[at], bgr[at + 1], bgr[at + 2]};
}

void expect_near(Colour got, Colour wanted, int by) {
  EXPECT_NEAR(got.b, wanted.b, by);
  EXPECT_NEAR(got.g, wanted.g, by);
  EXPECT_NEAR(got.r, wanted.r, by);
}

}  // namespace

TEST(Picture, odd_sizes_have_chroma_planes_rounded_up) {
  const auto picture = WritablePicture::allocate({5, 3});
  EXPECT_GE(picture->u().stride, 3);
  std::fill_n(picture->plane(2), static_cast<std::size_t>(picture->v().stride) * 2, 7);
  EXPECT_EQ(picture->v().data[picture->v().stride + 2], 7);
}

TEST(Picture, wrapped_planes_keep_their_owner_until_the_picture_dies) {
  auto owner = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owner;
  auto picture = Picture::wrap({2, 2}, {}, std::move(owner));
  EXPECT_FALSE(watch.expired());
  picture.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(Convert, fit_width_shrinks_to_even_numbers_and_never_grows) {
  EXPECT_EQ(fit_width({1920, 1080}, 640), (Size{640, 360}));
  EXPECT_EQ(fit_width({480, 270}, 1280), (Size{480, 270}));
  EXPECT_EQ(fit_width({641, 481}, 641), (Size{640, 480}));
  EXPECT_EQ(fit_width({1000, 3}, 100), (Size{100, 2}));
  EXPECT_EQ(fit_width({0, 0}, 100), (Size{2, 2}));
}

TEST(Convert, colours_survive_the_way_to_i420_and_back) {
  for (const Colour c : {Colour{255, 255, 255}, Colour{0, 0, 0}, Colour{200, 30, 30},
                         Colour{30, 200, 30}, Colour{30, 30, 200}}) {
    expect_near(centre(*plain({32, 18}, c)), c, 4);
  }
}

TEST(Convert, scaling_keeps_the_colour_and_the_same_size_is_the_same_picture) {
  const auto picture = plain({64, 36}, {20, 90, 180});
  EXPECT_EQ(scale(picture, {64, 36}), picture);
  const auto small = scale(picture, {32, 18});
  EXPECT_EQ(small->size(), (Size{32, 18}));
  expect_near(centre(*small), {20, 90, 180}, 4);
}

TEST(Jpeg, black_stays_black_and_white_stays_white) {
  JpegEncoder encoder;
  for (const Colour c : {Colour{255, 255, 255}, Colour{0, 0, 0}, Colour{40, 160, 220}}) {
    const auto jpeg = encoder.encode(*plain({64, 48}, c), 90);
    ASSERT_TRUE(jpeg.has_value());
    const auto back = decode_jpeg(*jpeg);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ((*back)->size(), (Size{64, 48}));
    expect_near(centre(**back), c, 6);
  }
}

TEST(Jpeg, one_encoder_takes_pictures_of_changing_and_odd_sizes) {
  JpegEncoder encoder;
  for (const Size size : {Size{64, 48}, Size{33, 17}, Size{320, 240}, Size{2, 2}}) {
    const auto jpeg = encoder.encode(*plain(size, {90, 90, 90}), 75);
    ASSERT_TRUE(jpeg.has_value());
    const auto back = decode_jpeg(*jpeg);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ((*back)->size(), size);
  }
}

TEST(Jpeg, what_is_no_jpeg_or_too_large_is_refused) {
  JpegEncoder encoder;
  EXPECT_EQ(decode_jpeg(as_bytes("GIF89a and so on")).error().name, kJpegFailed);
  EXPECT_EQ(decode_jpeg({}).error().name, kJpegFailed);
  const auto jpeg = encoder.encode(*plain({64, 48}, {90, 90, 90}), 75);
  ASSERT_TRUE(jpeg.has_value());
  EXPECT_EQ(decode_jpeg(*jpeg, 64 * 48 - 1).error().name, kJpegFailed);
  EXPECT_TRUE(decode_jpeg(*jpeg, 64 * 48).has_value());
  EXPECT_EQ(encoder.encode(*plain({4, 4}, {1, 1, 1}), 0).error().name, kInvalidArgument);
}

TEST(LatestSlot, only_the_newest_value_is_kept_and_replaced_ones_are_counted) {
  LatestSlot<int> slot;
  EXPECT_TRUE(slot.put(1));
  EXPECT_FALSE(slot.put(2));
  EXPECT_EQ(slot.try_take(), 2);
  EXPECT_FALSE(slot.try_take().has_value());
  EXPECT_EQ(slot.dropped(), 1u);
}

TEST(LatestSlot, close_wakes_the_taker_and_later_values_are_ignored) {
  LatestSlot<int> slot;
  std::thread taker([&] { EXPECT_FALSE(slot.take(std::chrono::minutes(1)).has_value()); });
  slot.close();
  taker.join();
  slot.put(3);
  EXPECT_FALSE(slot.try_take().has_value());
  EXPECT_TRUE(slot.closed());
}
