#include "surveillx/vision/gallery.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace surveillx;
using namespace surveillx::vision;

namespace {

Matching small_matching() {
  Matching m;
  m.model_id = "m";
  m.metric = Metric::l2;
  m.dimension = 3;
  m.threshold = 0.4F;
  m.margin = 0.05F;
  m.stranger_gap = 0.02F;
  m.tighten = 0.03F;
  m.tighten_from = 30;
  m.min_threshold = 0.3F;
  m.max_threshold = 0.45F;
  m.live_threshold = 0.4F;
  return m;
}

Gallery::Entry entry(const PersonId& id, const char* name, std::vector<float> v) {
  return {id, name, {"m", std::move(v)}};
}

}  // namespace

TEST(Gallery, the_nearest_person_is_found_with_the_distance_to_the_next_one) {
  const PersonId ada = PersonId::random();
  const PersonId ben = PersonId::random();
  const auto gallery = Gallery::build(
      {entry(ben, "Ben", {1, 0, 0}), entry(ada, "Ada", {0, 0, 0}), entry(ada, "Ada", {0, 0.2F, 0})},
      small_matching());
  const auto match = gallery->nearest({"m", {0.1F, 0, 0}});
  ASSERT_TRUE(match.has_value());
  EXPECT_EQ(match->person_id, ada);
  EXPECT_NEAR(match->distance, 0.1, 1e-5);
  // Her own second photo is nearer than Ben, but does not count.
  EXPECT_NEAR(match->second, 0.9, 1e-5);
  EXPECT_TRUE(match->accepted);
  EXPECT_GT(match->confidence, 0.9);
  EXPECT_EQ(gallery->people(), 2u);
  EXPECT_EQ(gallery->vectors(), 3u);
}

TEST(Gallery, between_two_people_nobody_is_accepted) {
  const auto gallery = Gallery::build(
      {entry(PersonId::random(), "Ada", {0, 0, 0}), entry(PersonId::random(), "Ben", {0.4F, 0, 0})},
      small_matching());
  const auto match = gallery->nearest({"m", {0.19F, 0, 0}});
  EXPECT_FALSE(match->accepted);
  EXPECT_FALSE(match->stranger);
}

TEST(Gallery, far_from_everybody_is_a_stranger) {
  const auto gallery =
      Gallery::build({entry(PersonId::random(), "Ada", {0, 0, 0})}, small_matching());
  EXPECT_TRUE(gallery->nearest({"m", {0.43F, 0, 0}})->stranger);
  EXPECT_FALSE(gallery->nearest({"m", {0.41F, 0, 0}})->stranger);
  // One clear photo is enough for this small gallery, one face of a camera is not.
  EXPECT_TRUE(gallery->nearest({"m", {0.41F, 0, 0}})->accepted);
  EXPECT_FALSE(gallery->nearest({"m", {0.41F, 0, 0}})->accepted_live);
}

TEST(Gallery, vectors_of_two_models_are_never_compared) {
  Gallery::Entry other = entry(PersonId::random(), "Ada", {0, 0, 0});
  other.embedding.model_id = "another";
  const auto gallery =
      Gallery::build({other, entry(PersonId::random(), "Ben", {0, 0})}, small_matching());
  EXPECT_EQ(gallery->skipped(), 2u);
  EXPECT_EQ(gallery->people(), 0u);
  EXPECT_FALSE(gallery->nearest({"m", {0, 0, 0}}).has_value());
  const auto ben = Gallery::build({entry(PersonId::random(), "Ben", {0, 0, 0})}, small_matching());
  EXPECT_FALSE(ben->nearest({"another", {0, 0, 0}}).has_value());
}

TEST(Gallery, hands_out_the_vectors_that_were_not_left_out_as_they_are_compared) {
  auto matching = small_matching();
  const auto ada = PersonId::random();
  const std::vector<Gallery::Entry> entries = {entry(ada, "Ada", {0, 3, 4}), entry(ada, "Ada", {1, 2}),
                                               entry(ada, "Ada", {5, 0, 0})};
  const auto plain = Gallery::build(entries, matching);
  ASSERT_EQ(plain->vectors(), 2u);
  EXPECT_EQ(plain->vector(0), (std::vector<float>{0, 3, 4}));
  EXPECT_EQ(plain->vector(1), (std::vector<float>{5, 0, 0}));
  matching.metric = Metric::cosine;
  const auto unit = Gallery::build(entries, matching)->vector(0);
  EXPECT_NEAR(unit[1], 0.6, 1e-6);
  EXPECT_NEAR(unit[2], 0.8, 1e-6);
}

TEST(Gallery, the_threshold_tightens_with_size_within_its_limits) {
  const auto of_size = [](int count) {
    std::vector<Gallery::Entry> entries;
    for (int i = 0; i < count; ++i) {
      entries.push_back(entry(PersonId::random(), "x", {static_cast<float>(i), 0, 0}));
    }
    return Gallery::build(std::move(entries), small_matching())->threshold();
  };
  EXPECT_FLOAT_EQ(of_size(30), 0.4F);
  EXPECT_NEAR(of_size(300), 0.37, 1e-4);
  EXPECT_NEAR(of_size(3), 0.43, 1e-4);
  EXPECT_NEAR(of_size(0), 0.4443, 1e-3);
  Matching steep = small_matching();
  steep.tighten = 1;
  std::vector<Gallery::Entry> many;
  for (int i = 0; i < 300; ++i) many.push_back(entry(PersonId::random(), "x", {1, 0, 0}));
  EXPECT_FLOAT_EQ(Gallery::build(many, steep)->threshold(), 0.3F);
}

TEST(Gallery, search_agrees_with_a_plain_loop_for_each_metric) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(0.01F, 1);
  for (const Metric metric : {Metric::l2, Metric::cosine, Metric::chi_square}) {
    Matching m = small_matching();
    m.metric = metric;
    m.dimension = 131;  // No multiple of a SIMD register.
    const auto vector = [&] {
      std::vector<float> v(131);
      for (float& x : v) x = uniform(random);
      return v;
    };
    std::vector<Gallery::Entry> entries;
    for (int i = 0; i < 200; ++i) {
      entries.push_back(entry(PersonId::random(), "x", vector()));
    }
    const auto gallery = Gallery::build(entries, m);
    for (int i = 0; i < 20; ++i) {
      const Embedding query{"m", vector()};
      double best = 1e9;
      PersonId person;
      for (const auto& e : entries) {
        double sum = 0;
        double dot = 0;
        double aa = 0;
        double bb = 0;
        for (std::size_t k = 0; k < 131; ++k) {
          const double a = e.embedding.values[k];
          const double b = query.values[k];
          if (metric == Metric::l2) sum += (a - b) * (a - b);
          if (metric == Metric::chi_square) sum += (a - b) * (a - b) / (a + b);
          dot += a * b;
          aa += a * a;
          bb += b * b;
        }
        const double d = metric == Metric::l2       ? std::sqrt(sum)
                         : metric == Metric::cosine ? 1 - dot / std::sqrt(aa * bb)
                                                    : sum;
        if (d < best) {
          best = d;
          person = e.person_id;
        }
      }
      const auto match = gallery->nearest(query);
      EXPECT_EQ(match->person_id, person);
      EXPECT_NEAR(match->distance, best, 1e-3);
    }
  }
}
