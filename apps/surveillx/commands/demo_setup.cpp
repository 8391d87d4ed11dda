#include "commands/demo_setup.hpp"

#include <array>
#include <cstdio>
#include <optional>

#include "commands/command.hpp"
#include "surveillx/demo/person.hpp"
#include "surveillx/setup/engine.hpp"
#include "surveillx/vision/engine.hpp"
#include "surveillx/vision/enrolment.hpp"

namespace surveillx::app {
namespace {

constexpr char kCameraName[] = "demo";

struct Portrait {
  demo::Pose pose;
  demo::Light light;
};
/// Straight on, a little to each side, smiling, and lit from the side as the scene's people are.
constexpr std::array<Portrait, 5> kPortraits{{{{0.0F, 0.0F, 0.0F, 0.2F}, {}},
                                              {{0.16F, 0.0F, 0.03F, 0.3F}, {}},
                                              {{-0.16F, 0.02F, -0.03F, 0.3F}, {}},
                                              {{0.0F, 0.0F, 0.0F, 0.8F}, {0.5F, 1.0F}},
                                              {{0.0F, 0.0F, 0.0F, 0.2F}, {0.5F, 1.0F}}}};

std::string external_id(std::size_t index) { return "demo-" + std::to_string(index + 1); }

/// Empty when a stop was asked for on the way.
std::vector<store::AcceptedPhoto> portraits(vision::Engine& engine, const demo::Person& person,
                                            const std::function<bool()>& stop_requested) {
  std::vector<store::AcceptedPhoto> photos;
  for (std::size_t i = 0; i < kPortraits.size(); ++i) {
    if (stop_requested()) return {};
    auto jpeg = must(demo::draw_face_jpeg(person, kPortraits[i].pose, kPortraits[i].light));
    const auto examined = vision::examine_photo(engine, jpeg);
    if (!examined) continue;  // One pose less; none at all is a failure below.
    photos.push_back({"portrait-" + std::to_string(i + 1) + ".jpg", std::move(jpeg),
                      examined->embedding.model_id, examined->embedding.values, true});
  }
  if (photos.empty()) {
    throw Failure(Error{kInternal, "the demo's person '" + person.name + "' could not be enrolled"});
  }
  return photos;
}

/// By the external id alone: somebody real may well be called `demo-1`.
std::optional<domain::Person> find_enrolled(store::Store& store, const std::string& id) {
  for (domain::Person& person : must(store.people.find_by(id))) {
    if (person.external_id == id) return std::move(person);
  }
  return std::nullopt;
}

store::CameraWithToken demo_camera(store::Store& store) {
  const auto existing = store.cameras.find_by_name(kCameraName);
  if (existing) return must(store.cameras.rotate_token(existing->id));
  if (!existing.error().is(kNotFound)) throw Failure(existing.error());
  return must(store.cameras.add(kCameraName));
}

}  // namespace

std::optional<DemoSetup> prepare_demo(store::Store& store, const config::Config& config,
                                      const std::vector<std::string>& names,
                                      const std::function<bool()>& stop_requested) {
  DemoSetup setup;
  const auto& people = demo::people();
  std::shared_ptr<vision::Engine> engine;
  for (std::size_t i = 0; i < people.size(); ++i) {
    const std::string& name = i < names.size() ? names[i] : people[i].name;
    ++setup.people;
    if (const auto enrolled = find_enrolled(store, external_id(i))) {
      if (i < names.size() && enrolled->name != name) {
        must(store.people.update(enrolled->id, {name, external_id(i), enrolled->group}));
      }
      continue;
    }
    if (stop_requested()) return std::nullopt;
    // A line each: it takes seconds on a small machine, and somebody may be watching.
    std::fprintf(stderr, "Enrolling the demo people: %zu of %zu\n", i + 1, people.size());
    if (!engine) engine = must(vision::Engine::open(setup::command_engine_options(config)));
    auto photos = portraits(*engine, people[i], stop_requested);
    if (photos.empty()) return std::nullopt;
    must(store.people.create({name, external_id(i), "Demo"}, std::move(photos)));
  }
  const auto camera = demo_camera(store);
  setup.camera_name = camera.camera.name;
  setup.camera_token = camera.token;
  return setup;
}

}  // namespace surveillx::app
