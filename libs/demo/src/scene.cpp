#include "surveillx/demo/scene.hpp"

#include "surveillx/frame/convert.hpp"

#include "bust.hpp"
#include "room.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace surveillx::demo {
namespace {

using std::chrono::milliseconds;

/// A place where one person at a time stands for a while.
struct Lane {
  float x;            ///< Middle, in the picture's width.
  float unit;         ///< Half a head, in the picture's height.
  int period_ms;      ///< From one visit's start to the next.
  int head_start_ms;  ///< How far the first visit has come when the scene begins.
};
// The middle place is first: a cast of one stands there, and is there from the start.
constexpr std::array<Lane, 3> kLanes{{{0.50F, 0.140F, 19'000, 4'000},
                                      {0.20F, 0.150F, 23'000, 22'000},
                                      {0.81F, 0.150F, 29'000, 25'500}}};
constexpr int kWalkMs = 2'200;
constexpr int kAwayMs = 3'000;
constexpr float kHeadY = 0.44F;  ///< Middle of the head, in the picture's height.

constexpr int kYawSteps = 3;  ///< Each way.
constexpr float kYawStep = 0.11F;
constexpr std::array<float, 2> kSmiles{0.15F, 0.85F};
constexpr Light kLight{0.35F, 1.02F};
/// Drawn people are kept for so many at a time.
constexpr std::size_t kMaxDrawn = 12;

struct Visit {
  std::size_t who = 0;  ///< In the cast.
  float x = 0;          ///< Middle of the head, pixels.
  float y = 0;
  float unit = 0;
  int yaw = 0;  ///< In steps.
  bool smiling = false;
  bool settled = false;
  std::size_t lane = 0;
};

float ease(float t) { return smooth(0, 1, t); }

}  // namespace

struct Scene::Impl {
  Options options;
  Room room;

  struct Drawn {
    std::array<std::unique_ptr<FaceMap>, kSmiles.size()> faces;
    std::map<std::pair<int, bool>, Sprite> sprites;  ///< By yaw step and smile.
    std::uint64_t last_used = 0;
  };
  std::map<std::pair<std::size_t, std::size_t>, Drawn> drawn;  ///< By person and lane's scale.
  std::uint64_t uses = 0;

  explicit Impl(Options o) : options(complete(std::move(o))), room(options.size, options.seed) {}

  static Options complete(Options o) {
    o.size.width = std::max(160, o.size.width & ~1);
    o.size.height = std::max(120, o.size.height & ~1);
    if (o.cast.empty()) {
      o.cast = people();
      o.cast.push_back(stranger(o.seed));
    }
    return o;
  }

  [[nodiscard]] std::optional<Visit> visit(std::size_t lane_index, milliseconds t) const {
    const Lane& lane = kLanes[lane_index];
    // Cast members are dealt to the lanes like cards.
    if (options.cast.size() <= lane_index) return std::nullopt;
    const std::size_t members =
        (options.cast.size() - lane_index + kLanes.size() - 1) / kLanes.size();
    const std::int64_t now = std::max<std::int64_t>(0, t.count()) + lane.head_start_ms;
    const std::int64_t number = now / lane.period_ms;
    const int at = static_cast<int>(now % lane.period_ms);
    const int leave = lane.period_ms - kAwayMs;
    if (at >= leave) return std::nullopt;

    const auto count = static_cast<std::uint32_t>(number);
    const std::uint32_t salt =
        hash(options.seed * 31 + static_cast<std::uint32_t>(lane_index) * 7 + count);
    Visit v;
    v.lane = lane_index;
    v.who = lane_index + kLanes.size() * ((count + options.seed - 1) % members);
    const auto width = static_cast<float>(options.size.width);
    const auto height = static_cast<float>(options.size.height);
    v.unit = lane.unit * height;
    v.x = lane.x * width;
    v.y = kHeadY * height + 0.3F * v.unit * (hash01(salt) - 0.5F);

    // People come from the nearer side and leave to it; those of the middle from either.
    const bool left = lane.x < 0.45F || (lane.x < 0.55F && (salt & 1U) != 0);
    const float outside = left ? -1.9F * v.unit : width + 1.9F * v.unit;
    float away = 0;     // 1 is outside.
    float walking = 0;  // 1 to the picture's right, -1 to its left.
    if (at < kWalkMs) {
      away = 1 - ease(static_cast<float>(at) / kWalkMs);
      walking = left ? 1.F : -1.F;
    } else if (at > leave - kWalkMs) {
      away = ease(static_cast<float>(at - (leave - kWalkMs)) / kWalkMs);
      walking = left ? -1.F : 1.F;
    }
    v.settled = away == 0;
    v.x = lerp(v.x, outside, away);
    const float seconds = static_cast<float>(at) / 1000;
    const float phase = 6.28F * hash01(salt + 1);
    if (v.settled) {
      v.x += 0.05F * v.unit * std::sin(seconds * 0.9F + phase);
      v.y += 0.03F * v.unit * std::sin(seconds * 1.7F + phase);
      const float look = 0.8F * std::sin(seconds * 0.75F + phase) + 0.4F * std::sin(seconds * 1.9F);
      v.yaw = static_cast<int>(std::lround(look * 0.26F / kYawStep));
    } else {
      v.y -= 0.06F * v.unit * std::abs(std::sin(seconds * 7));
      v.yaw = static_cast<int>(std::lround(walking * kYawSteps));
    }
    v.yaw = std::clamp(v.yaw, -kYawSteps, kYawSteps);
    v.smiling = v.settled && std::abs(v.yaw) <= 1 && std::sin(seconds * 0.6F + phase) > 0.2F;
    return v;
  }

  [[nodiscard]] std::vector<Visit> visits(milliseconds t) const {
    std::vector<Visit> all;
    for (std::size_t lane = 0; lane < kLanes.size(); ++lane) {
      if (const std::optional<Visit> v = visit(lane, t)) all.push_back(*v);
    }
    return all;
  }

  const Sprite& sprite(const Visit& v) {
    Drawn& person = drawn[{v.who, v.lane}];
    person.last_used = ++uses;
    const std::pair<int, bool> key{v.yaw, v.smiling};
    const auto found = person.sprites.find(key);
    if (found != person.sprites.end()) return found->second;
    const std::size_t mood = v.smiling ? 1 : 0;
    const Person& who = options.cast[v.who];
    if (!person.faces[mood]) {
      person.faces[mood] = std::make_unique<FaceMap>(
          who, kSmiles[mood], static_cast<int>(std::clamp(v.unit * 1.2F, 40.F, 300.F)));
    }
    Pose pose;
    pose.yaw = static_cast<float>(v.yaw) * kYawStep;
    pose.tilt = 0.12F * pose.yaw;
    pose.smile = kSmiles[mood];
    return person.sprites.emplace(key, draw_bust(who, *person.faces[mood], pose, kLight, v.unit))
        .first->second;
  }

  void forget_the_long_gone() {
    while (drawn.size() > kMaxDrawn) {
      drawn.erase(std::min_element(drawn.begin(), drawn.end(), [](const auto& a, const auto& b) {
        return a.second.last_used < b.second.last_used;
      }));
    }
  }
};

Scene::Scene(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Scene::~Scene() = default;
Scene::Scene(Scene&&) noexcept = default;
Scene& Scene::operator=(Scene&&) noexcept = default;

frame::PicturePtr Scene::draw(milliseconds t) {
  const frame::Size size = impl_->options.size;
  const int stride = size.width * 3;
  std::uint8_t* const canvas = impl_->room.draw(t);
  // The middle place is first, and farther away than the others.
  for (const Visit& v : impl_->visits(t)) {
    blend(impl_->sprite(v), static_cast<int>(std::lround(v.x + BustFrame::kLeft * v.unit)),
          static_cast<int>(std::lround(v.y + BustFrame::kTop * v.unit)), canvas, stride, size);
  }
  impl_->forget_the_long_gone();
  return frame::from_bgr(canvas, stride, size);
}

std::vector<Scene::Appearance> Scene::present(milliseconds t) const {
  const auto width = static_cast<double>(impl_->options.size.width);
  const auto height = static_cast<double>(impl_->options.size.height);
  std::vector<Appearance> all;
  for (const Visit& v : impl_->visits(t)) {
    const Person& who = impl_->options.cast[v.who];
    const double half = who.face_width * v.unit;
    Appearance a;
    a.name = who.name;
    a.head = {(v.x - half) / width, (v.y - v.unit) / height, 2 * half / width, 2 * v.unit / height};
    a.settled = v.settled;
    if (a.head.x + a.head.w > 0 && a.head.x < 1) all.push_back(std::move(a));
  }
  std::sort(all.begin(), all.end(),
            [](const Appearance& a, const Appearance& b) { return a.head.x < b.head.x; });
  return all;
}

frame::Size Scene::size() const { return impl_->options.size; }

}  // namespace surveillx::demo
