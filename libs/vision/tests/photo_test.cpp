#include "surveillx/vision/image.hpp"

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

using namespace surveillx;
using namespace surveillx::vision;

namespace {

Bytes encoded(const char* kind, int width, int height) {
  cv::Mat picture(height, width, CV_8UC3, cv::Scalar(40, 90, 200));
  Bytes bytes;
  EXPECT_TRUE(cv::imencode(kind, picture, bytes));
  return bytes;
}

/// A PNG whose header promises dimensions that its few bytes do not hold.
Bytes png_promising(std::uint32_t width, std::uint32_t height) {
  Bytes png = encoded(".png", 8, 8);
  for (std::size_t i = 0; i < 4; ++i) {
    png[16 + i] = static_cast<std::uint8_t>(width >> (24 - 8 * i));
    png[20 + i] = static_cast<std::uint8_t>(height >> (24 - 8 * i));
  }
  return png;
}

/// Puts an EXIF segment that says "turn by 90 degrees" behind the JPEG's first marker.
Bytes turned_jpeg(int width, int height) {
  Bytes jpeg = encoded(".jpg", width, height);
  const Bytes exif{0xFF, 0xE1, 0x00, 0x22, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                   0,    1,    0x01, 0x12, 0,   3,   0,   0,   0, 1, 0,   6,   0, 0,  0, 0, 0, 0};
  jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
  return jpeg;
}

}  // namespace

TEST(Photo, the_usual_kinds_are_read) {
  for (const char* kind : {".jpg", ".png", ".webp"}) {
    const auto image = Image::from_photo(encoded(kind, 120, 80));
    ASSERT_TRUE(image.has_value()) << kind << ": " << image.error().message;
    EXPECT_EQ(image->size(), (frame::Size{120, 80})) << kind;
  }
}

TEST(Photo, nothing_and_anything_else_are_refused_by_name) {
  EXPECT_EQ(Image::from_photo({}).error().name, kEmptyImage);
  EXPECT_EQ(Image::from_photo(as_bytes("<svg xmlns='x'/>")).error().name, kNotAnImage);
  EXPECT_EQ(Image::from_photo(as_bytes("GIF89a\x01\x01\x01\x01")).error().name, kNotAnImage);
  EXPECT_EQ(Image::from_photo(encoded(".bmp", 20, 20)).error().name, kNotAnImage);
  EXPECT_EQ(Image::from_photo(as_bytes("\xFF\xD8\xFF")).error().name, kNotAnImage);
  EXPECT_EQ(Image::from_photo(png_promising(0, 9)).error().name, kEmptyImage);
}

TEST(Photo, a_huge_one_is_refused_before_it_is_decoded) {
  EXPECT_EQ(Image::from_photo(png_promising(10'000, 10'000)).error().name, kImageTooLarge);
  EXPECT_EQ(Image::from_photo(png_promising(0xFFFFFFFF, 0xFFFFFFFF)).error().name, kImageTooLarge);
}

TEST(Photo, a_damaged_one_is_not_an_image) {
  Bytes png = encoded(".png", 200, 200);
  png.resize(60);
  EXPECT_EQ(Image::from_photo(png).error().name, kNotAnImage);
  EXPECT_EQ(Image::from_photo(png_promising(5000, 5000)).error().name, kNotAnImage);
}

TEST(Photo, no_cut_off_header_is_read_beyond_its_end) {
  for (const char* kind : {".jpg", ".png", ".webp"}) {
    const Bytes whole = encoded(kind, 40, 30);
    for (std::size_t size = 0; size < std::min<std::size_t>(whole.size(), 64); ++size) {
      // A copy of just that size, so that AddressSanitizer sees a read behind it.
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(Image::from_photo(cut).has_value() && size < 20) << kind << size;
    }
  }
}

TEST(Photo, a_large_one_is_shrunk_and_remembers_its_size) {
  const auto image = Image::from_photo(encoded(".jpg", 4000, 1000));
  ASSERT_TRUE(image.has_value());
  EXPECT_EQ(image->size(), (frame::Size{1920, 480}));
  EXPECT_NEAR(image->native_scale(), 4000.0 / 1920, 0.01);
}

TEST(Photo, the_camera_s_orientation_is_applied) {
  const auto image = Image::from_photo(turned_jpeg(120, 80));
  ASSERT_TRUE(image.has_value());
  EXPECT_EQ(image->size(), (frame::Size{80, 120}));
}

TEST(Image, a_crop_outside_is_empty_and_one_at_the_edge_is_cut) {
  const auto image = *Image::from_photo(encoded(".png", 100, 100));
  EXPECT_TRUE(image.crop({500, 500, 20, 20}, 0.2, 64).empty());
  EXPECT_EQ(image.crop({90, 90, 20, 20}, 0, 64).size(), (frame::Size{10, 10}));
  EXPECT_EQ(image.crop({0, 0, 100, 100}, 0.5, 50).size(), (frame::Size{50, 50}));
  EXPECT_FALSE(Image().to_jpeg().has_value());
}
