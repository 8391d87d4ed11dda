#include "surveillx/demo/person.hpp"
#include "surveillx/test_support/support.hpp"
#include "surveillx/vision/enrolment.hpp"
#include "surveillx/vision/gallery.hpp"

#include "pixels.hpp"

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace surveillx;
using namespace surveillx::vision;
namespace fs = std::filesystem;

namespace {

Bytes bytes_of(const fs::path& file) {
  const std::string text = test_support::read_file(file);
  return {text.begin(), text.end()};
}

EngineOptions named(const char* name, std::vector<fs::path> folders = {}) {
  EngineOptions options;
  options.name = name;
  options.model_folders = std::move(folders);
  return options;
}

Bytes blurred(const fs::path& file, double sigma) {
  cv::Mat picture = cv::imread(file.string());
  cv::GaussianBlur(picture, picture, {}, sigma);
  Bytes jpeg;
  cv::imencode(".jpg", picture, jpeg);
  return jpeg;
}

Bytes shrunk(const fs::path& file, double by) {
  cv::Mat picture = cv::imread(file.string());
  cv::resize(picture, picture, {}, by, by, cv::INTER_AREA);
  Bytes jpeg;
  cv::imencode(".jpg", picture, jpeg);
  return jpeg;
}

/// The real weights and portraits, which are no part of the project.
class RealFaces : public testing::Test {
 protected:
  void SetUp() override {
    const auto models = test_support::shared_path("models");
    const auto faces = test_support::shared_path("faces/portraits");
    if (!models || !faces) GTEST_SKIP() << "needs ../shared/models and ../shared/faces";
    portraits_ = *faces;
    auto engine = Engine::open(named("auto", {*models}));
    ASSERT_TRUE(engine.has_value()) << engine.error().message;
    engine_ = *engine;
    ASSERT_EQ(engine_->info().name, "yunet+dlib");
  }
  Result<Enrolment> examine(const Bytes& photo) { return examine_photo(*engine_, ByteView(photo)); }
  float between(const char* a, const char* b) {
    const auto x = examine(bytes_of(portraits_ / a));
    const auto y = examine(bytes_of(portraits_ / b));
    if (!x || !y) return -1;
    return distance(engine_->matching().metric, x->embedding.values, y->embedding.values);
  }

  fs::path portraits_;
  std::shared_ptr<Engine> engine_;
};

}  // namespace

TEST(Models, every_manifest_parses_and_names_its_licence) {
  EXPECT_GE(known_models().size(), 6u);
  for (const ModelManifest& model : known_models()) {
    EXPECT_FALSE(model.licence.empty()) << model.id;
    EXPECT_EQ(model.file.empty(), model.url.empty()) << model.id;
  }
  EXPECT_NE(find_model("dlib-densenet-v1"), nullptr);
  EXPECT_EQ(find_model("nothing"), nullptr);
}

TEST(Models, a_wrong_manifest_is_refused_with_the_key) {
  const auto wrong = parse_manifest(
      "id = 'x'\nkind = 'embedder'\nruntime = 'onnx'\n"
      "[embedder]\nchip = [3, 3]\n");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_NE(wrong.error().message.find("embedder.chip"), std::string::npos);
  EXPECT_EQ(parse_manifest("id = ").error().name, kInvalidArgument);
}

TEST(Engine, missing_weights_are_named_with_the_command_that_gets_them) {
  const auto engine = Engine::open(named("yunet+dlib"));
  ASSERT_FALSE(engine.has_value());
  EXPECT_EQ(engine.error().name, kModelsMissing);
  EXPECT_NE(engine.error().message.find("face_recognition_densenet_model_v1.dat"),
            std::string::npos);
  EXPECT_NE(engine.error().message.find("surveillx models fetch"), std::string::npos);
}

TEST(Engine, auto_without_weights_is_the_builtin_one_and_says_so) {
  const auto engine = Engine::open(named("auto"));
  ASSERT_TRUE(engine.has_value());
  EXPECT_EQ((*engine)->info().name, "builtin");
  EXPECT_TRUE((*engine)->info().trial);
  EXPECT_FALSE((*engine)->info().notice.empty());
}

TEST(Engine, an_operator_s_limits_take_the_place_of_the_model_s) {
  EngineOptions options = named("builtin");
  const Matching own = Engine::open(options).value()->matching();
  options.threshold = 0.123;
  options.margin = 0.045;
  options.min_face_px = 99;
  const auto engine = Engine::open(options).value();
  EXPECT_FLOAT_EQ(engine->matching().margin, 0.045F);
  EXPECT_FLOAT_EQ(engine->gates().min_size_px, 99);
  const auto gallery = Gallery::empty(engine->matching());
  EXPECT_FLOAT_EQ(gallery->live_threshold(), 0.123F);
  EXPECT_NE(own.live_threshold, 0.123F);
}

TEST(Engine, an_unknown_one_and_one_that_is_not_there_are_refused) {
  EXPECT_EQ(Engine::open(named("magic")).error().name, kEngineUnknown);
  EXPECT_EQ(Engine::open(named("yunet+onnx")).error().name, kEngineUnavailable);
}

TEST(Engine, weights_that_are_not_the_known_ones_are_refused) {
  const test_support::TempDir folder;
  for (const ModelManifest& model : known_models()) {
    if (!model.sha256.empty()) test_support::write_file(folder.path() / model.file, "something");
  }
  EXPECT_EQ(Engine::open(named("yunet+dlib", {folder.path()})).error().name, kModelDamaged);
}

TEST(Weights, the_given_folder_comes_before_the_environment_s_and_the_data_folder) {
  const test_support::TempDir given;
  const test_support::TempDir set;
  const test_support::TempDir data;
  fs::create_directory(data.path() / "models");
  const char* before = std::getenv("SURVEILLX_MODELS");
  const std::string kept = before != nullptr ? before : "";
  setenv("SURVEILLX_MODELS", set.path().c_str(), 1);
  EXPECT_EQ(model_folders(given.path(), data.path()),
            (std::vector<fs::path>{given.path(), set.path(), data.path() / "models", data.path()}));
  unsetenv("SURVEILLX_MODELS");
  EXPECT_EQ(model_folders("", data.path() / "nowhere"), std::vector<fs::path>{});
  if (before != nullptr) setenv("SURVEILLX_MODELS", kept.c_str(), 1);
}

TEST_F(RealFaces, the_same_person_is_near_and_another_one_far) {
  // Two people, one photo each, years apart.
  const float threshold = engine_->matching().max_threshold;
  EXPECT_LT(between("obama.jpg", "obama2.jpg"), threshold);
  EXPECT_LT(between("biden.jpg", "biden2.jpg"), threshold);
  EXPECT_GT(between("obama.jpg", "biden.jpg"), threshold + 0.1F);
}

TEST_F(RealFaces, enrolment_names_what_is_wrong_with_a_photo) {
  EXPECT_EQ(examine(bytes_of(portraits_ / "obama_and_biden.jpg")).error().name, kSeveralFaces);
  EXPECT_EQ(examine(blurred(portraits_ / "obama.jpg", 9)).error().name, kBlurred);
  EXPECT_EQ(examine(shrunk(portraits_ / "obama.jpg", 0.14)).error().name, kTooSmall);
  cv::Mat wall(480, 640, CV_8UC3, cv::Scalar(120, 130, 140));
  Bytes jpeg;
  cv::imencode(".jpg", wall, jpeg);
  EXPECT_EQ(examine(jpeg).error().name, kNoFace);
  EXPECT_EQ(examine({}).error().name, kEmptyImage);
}

TEST_F(RealFaces, a_small_face_far_behind_does_not_matter_but_one_beside_does) {
  const cv::Mat portrait = cv::imread((portraits_ / "obama.jpg").string());
  const auto other = Image::from_photo(bytes_of(portraits_ / "biden.jpg")).value();
  const cv::Mat head = mat_of(
      other.crop(engine_->find_faces(other, Effort::photo).front().detection.box, 0.5, 2000));
  const auto whole = Image::from_photo(bytes_of(portraits_ / "obama.jpg")).value();
  const float own = engine_->find_faces(whole, Effort::photo).front().detection.box.w *
                    static_cast<float>(whole.native_scale());
  /// The other's face, `by` times as wide, in the lower left corner.
  const auto with_face = [&](float by) {
    cv::Mat picture = portrait.clone();
    const double scale = static_cast<double>(by * own) / (head.cols / 2.0);
    cv::Mat small;
    cv::resize(head, small, {}, scale, scale, cv::INTER_AREA);
    const int side = std::min({small.cols, small.rows, picture.rows, picture.cols});
    small = small(cv::Rect(0, 0, std::min(small.cols, picture.cols), std::min(small.rows, side)));
    small.copyTo(picture(cv::Rect(0, picture.rows - small.rows, small.cols, small.rows)));
    Bytes jpeg;
    cv::imencode(".jpg", picture, jpeg);
    return jpeg;
  };
  ASSERT_EQ(engine_->find_faces(*Image::from_photo(with_face(0.4F)), Effort::photo).size(), 2u);
  EXPECT_TRUE(examine(with_face(0.4F)).has_value());
  EXPECT_EQ(examine(with_face(0.8F)).error().name, kSeveralFaces);
}

/// LFW, a photo of each person: press pictures with faces of about 100 pixels.
class RealCrowd : public RealFaces {
 protected:
  void SetUp() override {
    RealFaces::SetUp();
    if (IsSkipped()) return;
    for (const char* folder : {"faces/lfw82-grey-baileyfriend", "faces/lfw10-colour-krasserm"}) {
      const auto shared = test_support::shared_path(folder);
      if (!shared) GTEST_SKIP() << "needs ../shared/" << folder;
      for (const auto& person : fs::directory_iterator(*shared)) {
        std::vector<fs::path> photos;
        for (const auto& photo : fs::directory_iterator(person)) photos.push_back(photo.path());
        photos_.push_back(*std::min_element(photos.begin(), photos.end()));
      }
    }
    std::sort(photos_.begin(), photos_.end());
  }
  std::vector<fs::path> photos_;
};

TEST_F(RealCrowd, real_photos_are_hardly_ever_refused_as_blurred) {
  int blurred = 0;
  for (const fs::path& photo : photos_) {
    const auto examined = examine(bytes_of(photo));
    if (!examined && examined.error().is(kBlurred)) {
      ++blurred;
      std::printf("blurred: %s\n", photo.c_str());
    }
  }
  EXPECT_GE(photos_.size(), 90u);
  EXPECT_LE(blurred, 2);
}

TEST_F(RealCrowd, a_face_of_few_pixels_is_blurred_whatever_filter_enlarges_it) {
  const std::pair<const char*, int> filters[]{{"lanczos", cv::INTER_LANCZOS4},
                                              {"cubic", cv::INTER_CUBIC},
                                              {"linear", cv::INTER_LINEAR},
                                              {"area", cv::INTER_AREA},
                                              {"nearest", cv::INTER_NEAREST}};
  for (const auto& [name, filter] : filters) {
    int taken = 0;
    int faces = 0;
    for (std::size_t i = 0; i < photos_.size(); i += 6) {
      cv::Mat picture = cv::imread(photos_[i].string());
      // Faces are about 100 pixels wide; 22 are left, and made 60 to 190 again.
      cv::resize(picture, picture, {}, 0.22, 0.22, cv::INTER_AREA);
      const double by = 3 + static_cast<double>(i % 5) * 1.4;
      cv::resize(picture, picture, {}, by, by, filter);
      Bytes photo;
      cv::imencode(i % 2 == 0 ? ".png" : ".jpg", picture, photo);
      const auto examined = examine(photo);
      if (!examined && examined.error().is(kNoFace)) continue;
      ++faces;
      taken += examined ? 1 : 0;
    }
    EXPECT_GE(faces, 8) << name;
    EXPECT_EQ(taken, 0) << name << " of " << faces;
  }
}

TEST_F(RealFaces, both_faces_of_a_group_are_told_apart) {
  const PersonId obama = PersonId::random();
  const PersonId biden = PersonId::random();
  const auto gallery =
      Gallery::build({{obama, "Obama", examine(bytes_of(portraits_ / "obama.jpg"))->embedding},
                      {biden, "Biden", examine(bytes_of(portraits_ / "biden.jpg"))->embedding}},
                     engine_->matching());
  const auto group = *Image::from_photo(bytes_of(portraits_ / "obama_and_biden.jpg"));
  std::vector<PersonId> found;
  for (const FoundFace& face : engine_->find_faces(group, Effort::photo)) {
    if (!face.quality.usable()) continue;
    const auto match = gallery->nearest(engine_->embed(group, face.detection));
    if (match->accepted) found.push_back(match->person_id);
  }
  EXPECT_EQ(found.size(), 2u);
  EXPECT_NE(found.front(), found.back());
}

TEST(Builtin, drawn_people_are_told_apart_without_any_weights) {
  const auto engine = *Engine::open(named("builtin"));
  std::vector<Gallery::Entry> entries;
  const auto enrol = [&](const demo::Person& person, const PersonId& id, demo::Pose pose) {
    const auto photo = demo::draw_face_jpeg(person, pose);
    const auto enrolment = examine_photo(*engine, ByteView(*photo));
    ASSERT_TRUE(enrolment.has_value()) << person.name << ": " << enrolment.error().message;
    entries.push_back({id, person.name, enrolment->embedding});
  };
  for (const demo::Person& person : demo::people()) {
    const PersonId id = PersonId::random();
    enrol(person, id, {});
    enrol(person, id, {.yaw = 0.15F});
  }
  const auto gallery = Gallery::build(entries, engine->matching());
  int right = 0;
  int wrong = 0;
  for (const demo::Person& person : demo::people()) {
    const auto photo = demo::draw_face_jpeg(person, {.yaw = 0.07F, .tilt = 0.03F, .smile = 0.6F});
    const auto enrolment = examine_photo(*engine, ByteView(*photo));
    if (!enrolment) continue;
    const auto match = gallery->nearest(enrolment->embedding);
    if (!match->accepted) continue;
    (match->name == person.name ? right : wrong) += 1;
  }
  EXPECT_GE(right, static_cast<int>(demo::people().size()) - 1);
  EXPECT_EQ(wrong, 0);
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const auto photo = demo::draw_face_jpeg(demo::stranger(seed));
    const auto enrolment = examine_photo(*engine, ByteView(*photo));
    if (!enrolment) continue;
    EXPECT_FALSE(gallery->nearest(enrolment->embedding)->accepted) << "stranger " << seed;
  }
}
