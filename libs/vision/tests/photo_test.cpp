#include "surveillx/vision/image.hpp"

#include "pixels.hpp"

#include <gtest/gtest.h>
#include <libheif/heif.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

using namespace surveillx;
using namespace surveillx::vision;

namespace {

Bytes encoded(const char* kind, int width, int height) {
  cv::Mat picture(height, width, CV_8UC3, cv::Scalar(40, 90, 200));
  Bytes bytes;
  EXPECT_TRUE(cv::imencode(kind, picture, bytes));
  return bytes;
}

/// Coarse shapes that survive every codec, and no two corners alike.
cv::Mat textured() {
  cv::Mat picture(240, 320, CV_8UC3, cv::Scalar(60, 90, 120));
  cv::rectangle(picture, {0, 0}, {150, 60}, {20, 20, 220}, cv::FILLED);
  cv::circle(picture, {250, 180}, 50, {200, 220, 20}, cv::FILLED);
  cv::ellipse(picture, {80, 170}, {60, 30}, 30, 0, 360, {240, 240, 240}, cv::FILLED);
  cv::Mat noise(picture.size(), CV_8UC3);
  cv::RNG rng(7);
  rng.fill(noise, cv::RNG::UNIFORM, 0, 12);
  return picture + noise;
}

/// Through libheif, whose boxes say how it is to be turned.
Bytes heic(const cv::Mat& picture, heif_orientation orientation,
           heif_compression_format format = heif_compression_HEVC) {
  const std::unique_ptr<heif_context, decltype(&heif_context_free)> context(heif_context_alloc(),
                                                                           heif_context_free);
  heif_encoder* encoder = nullptr;
  EXPECT_EQ(heif_context_get_encoder_for_format(context.get(), format, &encoder).code,
            heif_error_Ok);
  if (encoder == nullptr) return {};
  heif_encoder_set_lossy_quality(encoder, 90);
  heif_image* image = nullptr;
  heif_image_create(picture.cols, picture.rows, heif_colorspace_RGB, heif_chroma_interleaved_RGB,
                    &image);
  heif_image_add_plane(image, heif_channel_interleaved, picture.cols, picture.rows, 8);
  int stride = 0;
  std::uint8_t* rows = heif_image_get_plane(image, heif_channel_interleaved, &stride);
  cv::Mat rgb(picture.rows, picture.cols, CV_8UC3, rows, static_cast<std::size_t>(stride));
  cv::cvtColor(picture, rgb, cv::COLOR_BGR2RGB);
  heif_encoding_options* options = heif_encoding_options_alloc();
  options->image_orientation = orientation;
  EXPECT_EQ(heif_context_encode_image(context.get(), image, encoder, options, nullptr).code,
            heif_error_Ok);
  heif_encoding_options_free(options);
  heif_image_release(image);
  heif_encoder_release(encoder);
  Bytes bytes;
  heif_writer writer{1, [](heif_context*, const void* data, std::size_t size, void* to) {
                       const auto* first = static_cast<const std::uint8_t*>(data);
                       static_cast<Bytes*>(to)->assign(first, first + size);
                       return heif_error{heif_error_Ok, heif_suberror_Unspecified, ""};
                     }};
  heif_context_write(context.get(), &writer, &bytes);
  return bytes;
}

Bytes encoded(const std::string& kind, const cv::Mat& picture) {
  if (kind == ".heic") return heic(picture, heif_orientation_normal);
  if (kind == ".avif") return heic(picture, heif_orientation_normal, heif_compression_AV1);
  Bytes bytes;
  EXPECT_TRUE(cv::imencode(kind, picture, bytes));
  return bytes;
}

/// The picture as a camera held that way stores it: the inverse of what a reader does.
cv::Mat held_as(const cv::Mat& upright, int orientation) {
  cv::Mat out = upright.clone();
  switch (orientation) {
    case 2: cv::flip(out, out, 1); break;
    case 3: cv::rotate(out, out, cv::ROTATE_180); break;
    case 4: cv::flip(out, out, 0); break;
    case 5: cv::transpose(out, out); break;
    case 6: cv::rotate(out, out, cv::ROTATE_90_COUNTERCLOCKWISE); break;
    case 7: cv::rotate(out, out, cv::ROTATE_180); cv::transpose(out, out); break;
    case 8: cv::rotate(out, out, cv::ROTATE_90_CLOCKWISE); break;
    default: break;
  }
  return out;
}

Bytes exif(int orientation) {
  return {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1,
          0, static_cast<std::uint8_t>(orientation), 0, 0, 0, 0, 0, 0};
}

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

Bytes with_exif_jpeg(Bytes jpeg, int orientation) {
  Bytes segment{0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0};
  append(segment, exif(orientation));
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  return jpeg;
}

void big_endian(Bytes& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// CRC-32 as PNG has it (ISO 3309).
std::uint32_t checksum(const Bytes& bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

Bytes with_exif_png(Bytes png, int orientation) {
  Bytes body{'e', 'X', 'I', 'f'};
  append(body, exif(orientation));
  Bytes chunk;
  big_endian(chunk, static_cast<std::uint32_t>(body.size() - 4));
  append(chunk, body);
  big_endian(chunk, checksum(body));
  png.insert(png.begin() + 33, chunk.begin(), chunk.end());  // Behind IHDR.
  return png;
}

void little_endian(Bytes& to, std::size_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

/// A RIFF file of these chunks behind a VP8X header with `flags`.
Bytes webp_of(const Bytes& chunks, cv::Size size, std::uint8_t flags) {
  Bytes body{'W', 'E', 'B', 'P', 'V', 'P', '8', 'X'};
  little_endian(body, 10, 4);
  append(body, {flags, 0, 0, 0});
  little_endian(body, static_cast<std::size_t>(size.width - 1), 3);
  little_endian(body, static_cast<std::size_t>(size.height - 1), 3);
  append(body, chunks);
  Bytes file{'R', 'I', 'F', 'F'};
  little_endian(file, body.size(), 4);
  append(file, body);
  return file;
}

Bytes with_exif_webp(const Bytes& webp, cv::Size size, int orientation) {
  Bytes chunks(webp.begin() + 12, webp.end());
  append(chunks, {'E', 'X', 'I', 'F'});
  little_endian(chunks, exif(orientation).size(), 4);
  append(chunks, exif(orientation));
  return webp_of(chunks, size, 0x08);
}

Bytes animated_webp(const cv::Mat& first, const cv::Mat& second) {
  Bytes chunks{'A', 'N', 'I', 'M'};
  little_endian(chunks, 6, 4);
  append(chunks, {0, 0, 0, 0, 0, 0});
  for (const cv::Mat& frame : {first, second}) {
    const Bytes webp = encoded(".webp", frame);
    Bytes body;
    little_endian(body, 0, 3);
    little_endian(body, 0, 3);
    little_endian(body, static_cast<std::size_t>(frame.cols - 1), 3);
    little_endian(body, static_cast<std::size_t>(frame.rows - 1), 3);
    little_endian(body, 100, 3);
    body.push_back(0);
    body.insert(body.end(), webp.begin() + 12, webp.end());
    append(chunks, {'A', 'N', 'M', 'F'});
    little_endian(chunks, body.size(), 4);
    append(chunks, body);
  }
  return webp_of(chunks, first.size(), 0x02);
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
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

TEST(Photo, a_header_that_promises_more_than_there_is_is_damaged) {
  EXPECT_EQ(Image::from_photo(png_promising(5000, 5000)).error().name, kDamaged);
}

TEST(Photo, one_cut_short_anywhere_is_damaged) {
  for (const char* kind : {".jpg", ".png", ".webp", ".heic", ".avif"}) {
    const Bytes whole = encoded(kind, textured());
    ASSERT_TRUE(Image::from_photo(whole).has_value()) << kind;
    for (const double part : {0.3, 0.5, 0.7, 0.9, 0.99}) {
      Bytes cut = whole;
      cut.resize(static_cast<std::size_t>(static_cast<double>(whole.size()) * part));
      const auto image = Image::from_photo(cut);
      ASSERT_FALSE(image.has_value()) << kind << " cut at " << part;
      EXPECT_EQ(image.error().name, kDamaged) << kind << " cut at " << part;
    }
  }
}

TEST(Photo, one_with_a_part_missing_in_the_middle_is_damaged) {
  for (const char* kind : {".jpg", ".png"}) {
    Bytes photo = encoded(kind, textured());
    const auto middle = photo.begin() + static_cast<std::ptrdiff_t>(photo.size() / 2);
    photo.erase(middle, middle + 200);
    const auto image = Image::from_photo(photo);
    ASSERT_FALSE(image.has_value()) << kind;
    EXPECT_EQ(image.error().name, kDamaged) << kind;
  }
}

TEST(Photo, a_png_whose_checksum_does_not_fit_is_damaged) {
  Bytes png = encoded(".png", textured());
  png[png.size() - 20] ^= 1;  // In the last data or its checksum, before IEND.
  EXPECT_EQ(Image::from_photo(png).error().name, kDamaged);
}

TEST(Photo, what_follows_the_end_of_a_jpeg_does_not_matter) {
  Bytes jpeg = encoded(".jpg", textured());
  jpeg.insert(jpeg.end(), 5000, 0x55);  // Phones append films.
  EXPECT_TRUE(Image::from_photo(jpeg).has_value());
}

TEST(Photo, a_jpeg_of_a_thousand_scans_is_refused_at_once) {
  Bytes jpeg;
  ASSERT_TRUE(cv::imencode(".jpg", cv::Mat::zeros(6300, 6300, CV_8UC3), jpeg,
                           {cv::IMWRITE_JPEG_PROGRESSIVE, 1}));
  const std::array<std::uint8_t, 2> marker{0xFF, 0xDA};
  const auto last = std::find_end(jpeg.begin(), jpeg.end(), marker.begin(), marker.end());
  const Bytes scan(last, jpeg.end() - 2);
  Bytes many(jpeg.begin(), jpeg.end() - 2);
  for (int i = 0; i < 1000; ++i) many.insert(many.end(), scan.begin(), scan.end());
  many.insert(many.end(), {0xFF, 0xD9});
  const auto before = cpu_seconds();
  EXPECT_EQ(Image::from_photo(many).error().name, kTooComplex);
  EXPECT_LT(cpu_seconds() - before, 1.0);
}

TEST(Photo, a_progressive_one_of_a_camera_is_read) {
  Bytes jpeg;
  ASSERT_TRUE(cv::imencode(".jpg", textured(), jpeg, {cv::IMWRITE_JPEG_PROGRESSIVE, 1}));
  EXPECT_TRUE(Image::from_photo(jpeg).has_value());
}

TEST(Photo, a_png_that_unpacks_to_far_more_than_its_size_costs_little) {
  Bytes png;
  ASSERT_TRUE(cv::imencode(".png", cv::Mat::zeros(6300, 6300, CV_8UC3), png,
                           {cv::IMWRITE_PNG_COMPRESSION, 9}));
  const auto before = cpu_seconds();
  const auto image = Image::from_photo(png);
  EXPECT_LT(cpu_seconds() - before, 4.5);
  EXPECT_TRUE(image.has_value() || image.error().is(kTooComplex));
}

TEST(Photo, every_container_s_orientation_is_applied_like_every_other_s) {
  const cv::Mat upright = textured();
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const cv::Mat held = held_as(upright, orientation);
    const std::pair<const char*, Bytes> photos[]{
        {"jpeg", with_exif_jpeg(encoded(".jpg", held), orientation)},
        {"png", with_exif_png(encoded(".png", held), orientation)},
        {"webp", with_exif_webp(encoded(".webp", held), held.size(), orientation)},
        {"heic", heic(held, static_cast<heif_orientation>(orientation))}};
    for (const auto& [kind, photo] : photos) {
      const auto image = Image::from_photo(photo);
      ASSERT_TRUE(image.has_value()) << kind << orientation << image.error().message;
      ASSERT_EQ(image->size(), (frame::Size{upright.cols, upright.rows})) << kind << orientation;
      cv::Mat difference;
      cv::absdiff(mat_of(*image), upright, difference);
      const cv::Scalar mean = cv::mean(difference);
      EXPECT_LT(mean[0] + mean[1] + mean[2], 30) << kind << orientation;
    }
  }
}

TEST(Photo, of_an_animation_the_first_frame_is_read) {
  const auto image = Image::from_photo(animated_webp(textured(), cv::Mat::zeros(240, 320, CV_8UC3)));
  ASSERT_TRUE(image.has_value()) << image.error().message;
  cv::Mat difference;
  cv::absdiff(mat_of(*image), textured(), difference);
  EXPECT_LT(cv::mean(difference)[0], 12);
}

TEST(Photo, other_kinds_of_pictures_are_called_by_their_name) {
  EXPECT_NE(Image::from_photo(as_bytes("GIF89a\x01\x01\x01\x01")).error().message.find("GIF"),
            std::string::npos);
  EXPECT_NE(Image::from_photo(encoded(".bmp", 20, 20)).error().message.find("BMP"),
            std::string::npos);
  EXPECT_NE(Image::from_photo(encoded(".tiff", 20, 20)).error().message.find("TIFF"),
            std::string::npos);
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
