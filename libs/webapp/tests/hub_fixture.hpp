#pragma once

#include "surveillx/live/frame.hpp"

#include "viewer_hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surveillx::webapp {

namespace json = boost::json;

inline constexpr NodeId kNode = 1;
inline constexpr NodeId kOther = 2;

struct Sent {
  std::string event;
  json::object payload;
  bool binary = false;
  const void* encoded = nullptr;
};

/// What all viewers share, by the pointer they were given.
using Encodings = std::map<const void*, Sent>;

class FakeViewer : public ViewerSink {
 public:
  explicit FakeViewer(const Encodings& encodings) : encodings_(encodings) {}
  void emit(const socketio::EncodedEventPtr& event) override {
    events.push_back(encodings_.at(event.get()));
  }
  bool emit_latest(std::string_view slot, const socketio::EncodedEventPtr& event) override {
    if (slot == "status") {
      beats.push_back(encodings_.at(event.get()));
      return !slow;
    }
    slots.emplace_back(slot);
    frames.push_back(encodings_.at(event.get()));
    return !slow;
  }
  void drop_latest(std::string_view slot) override { dropped.emplace_back(slot); }
  [[nodiscard]] std::vector<Sent> of(std::string_view event) const {
    std::vector<Sent> result;
    for (const auto& sent : events) {
      if (sent.event == event) result.push_back(sent);
    }
    return result;
  }
  [[nodiscard]] std::vector<std::int64_t> sequence() const {
    std::vector<std::int64_t> result;
    for (const auto& frame : frames) result.push_back(frame.payload.at("seq").as_int64());
    return result;
  }

  std::vector<Sent> events;
  std::vector<Sent> frames;
  std::vector<Sent> beats;  ///< `status` after the greeting.
  std::vector<std::string> slots;
  std::vector<std::string> dropped;  ///< Slots.
  bool slow = false;

 private:
  const Encodings& encodings_;
};

/// A hub with two cameras and one media node, `kNode`.
class Hub : public testing::Test {
 protected:
  Hub() : hub_(clock_, options()) {
    hub_.set_cameras({entrance_, hall_});
    hub_.media_connected(kNode, "north");
    demands_.clear();
  }

  HubOptions options() {
    HubOptions options;
    options.version = "1.2.3";
    options.encode = [this](std::string_view event, const socketio::Arguments& arguments) {
      auto encoded = socketio::encode_event("/stream", event, arguments);
      kept_.push_back(encoded);
      encodings_[encoded.get()] = Sent{std::string(event), arguments.args.at(0).as_object(),
                                       !arguments.attachments.empty(), encoded.get()};
      return encoded;
    };
    options.on_demand = [this](NodeId node, const live::Demand& demand) {
      if (node == kNode) demands_.push_back(demand);
      asked_[node] = demand;
    };
    options.on_unknown_camera = [this] { ++unknown_cameras_; };
    options.is_news = [this](const live::Attendance&) { return news_; };
    options.group_of = [this](const PersonId& person) -> std::optional<std::string> {
      const auto found = groups_.find(person);
      return found == groups_.end() ? std::nullopt : std::optional(found->second);
    };
    return options;
  }

  static domain::Camera camera(std::int64_t number, std::string name) {
    domain::Camera result;
    result.id = CameraId::random();
    result.number = number;
    result.name = std::move(name);
    return result;
  }

  std::shared_ptr<FakeViewer> connect(ViewerId* id = nullptr, domain::ViewerScope scope = {}) {
    auto viewer = std::make_shared<FakeViewer>(encodings_);
    const auto given = hub_.add_viewer(viewer, std::move(scope));
    if (id != nullptr) *id = given;
    return viewer;
  }
  /// A viewer of the newer kind.
  std::shared_ptr<FakeViewer> connect_and_watch(json::object wish, ViewerId* id = nullptr,
                                                domain::ViewerScope scope = {}) {
    ViewerId given = 0;
    auto viewer = connect(&given, std::move(scope));
    (void)watch(given, std::move(wish));
    if (id != nullptr) *id = given;
    return viewer;
  }
  json::object watch(ViewerId id, json::value wish) {
    socketio::Arguments arguments;
    arguments.args.emplace_back(std::move(wish));
    return hub_.watch(id, arguments).args.at(0).as_object();
  }
  bool frame(const domain::Camera& camera, std::int64_t seq, int width = 640, NodeId node = kNode) {
    socketio::Arguments arguments;
    json::object object;
    object["camera_id"] = camera.id.str();
    object["seq"] = seq;
    object["timestamp"] = to_millis(clock_.now());
    object["width"] = width;
    object["height"] = width * 9 / 16;
    object["frame"] = socketio::attach(arguments, Bytes{0xFF, 0xD8, 0xFF, 0xD9});
    arguments.args.emplace_back(std::move(object));
    return hub_.media_event(node, "frame", arguments);
  }
  bool tell(const domain::Camera& camera, const char* state, std::string name = "Entrance",
            NodeId node = kNode, json::value reason = nullptr) {
    socketio::Arguments arguments;
    json::object object;
    object["camera_id"] = camera.id.str();
    object["name"] = name;
    object["state"] = state;
    object["reason"] = std::move(reason);
    object["fps"] = 29.9;
    object["width"] = 1280;
    object["height"] = 720;
    object["codec"] = "VP8";
    arguments.args.emplace_back(std::move(object));
    return hub_.media_event(node, "camera", arguments);
  }
  bool detection(const domain::Camera& camera, json::array faces = {}) {
    socketio::Arguments arguments;
    json::object object;
    object["camera_id"] = camera.id.str();
    object["seq"] = 1;
    object["timestamp"] = 1;
    object["faces"] = std::move(faces);
    arguments.args.emplace_back(std::move(object));
    return hub_.media_event(kNode, "detection", arguments);
  }

  /// How the viewer was told that cameras are, in order.
  static std::vector<std::string> states_of(const FakeViewer& viewer) {
    std::vector<std::string> states;
    for (const auto& sent : viewer.of("camera")) {
      states.emplace_back(sent.payload.at("state").as_string());
    }
    return states;
  }
  /// Why a camera is not live, as a viewer who connects now would read.
  [[nodiscard]] std::string reason_of(const domain::Camera& camera) const {
    for (const auto& status : hub_.cameras()) {
      if (status.camera.id == camera.id) return status.told.reason;
    }
    return "no such camera";
  }

  ManualClock clock_;
  Encodings encodings_;
  std::vector<socketio::EncodedEventPtr> kept_;
  std::vector<live::Demand> demands_;     ///< Of `kNode`.
  std::map<NodeId, live::Demand> asked_;  ///< Of each node the last.
  int unknown_cameras_ = 0;
  bool news_ = true;
  std::map<PersonId, std::string> groups_;
  domain::Camera entrance_ = camera(1, "Entrance");
  domain::Camera hall_ = camera(2, "Hall");
  ViewerHub hub_;
};

}  // namespace surveillx::webapp
