#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "surveillx/store/store.hpp"
#include "surveillx/vision/engine.hpp"
#include "surveillx/vision/image.hpp"

namespace surveillx::mediaserver {

/// Finds one good face in every picture, except that it throws or takes its time while it is told to.
class ScriptedEngine final : public vision::Engine {
 public:
  ScriptedEngine() {
    info_.name = info_.model = matching_.model_id = "scripted";
    matching_.dimension = 1;
    matching_.threshold = matching_.max_threshold = matching_.live_threshold = 0.4F;
  }
  /// From now on everybody has one face.
  void find_look_alikes() { matching_.look_alike = 0.4F; }
  /// From now on a picture takes until `release`.
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    held_.notify_all();
  }
  [[nodiscard]] const vision::EngineInfo& info() const override { return info_; }
  [[nodiscard]] const vision::Matching& matching() const override { return matching_; }
  [[nodiscard]] const vision::Gates& gates() const override { return gates_; }
  [[nodiscard]] std::vector<vision::FoundFace> find_faces(const vision::Image&,
                                                          vision::Effort) override {
    ++begun;
    held_.wait(true);
    if (broken) throw std::runtime_error("an image library's assertion");
    vision::FoundFace face;
    face.detection.box = {0, 0, 64, 64};
    face.quality.size_px = 1000;
    face.quality.sharpness = 1e6F;
    face.quality.weight = 1;
    return {face};
  }
  [[nodiscard]] vision::Embedding embed(const vision::Image&, const vision::Detection&) override {
    return {info_.model, {0.5F}};
  }

  std::atomic<bool> broken{false};
  std::atomic<int> begun{0};  ///< Pictures, those under way included.

 private:
  vision::EngineInfo info_;
  vision::Matching matching_;
  vision::Gates gates_;
  std::atomic<bool> held_{false};
};

/// A photo of a new person that waits for its verdict.
inline PhotoId upload_photo(store::Store& store, const std::string& name) {
  const auto person = store.people.create({name, "", ""}).value();
  // As fine as a real face: a flat one would count as blurred.
  std::vector<std::uint8_t> bgr(64 * 64 * 3);
  std::minstd_rand random(7);
  for (auto& value : bgr) value = static_cast<std::uint8_t>(random() % 256);
  const auto jpeg = vision::Image::from_bgr(bgr.data(), 64 * 3, {64, 64}).to_jpeg().value();
  return store.photos.add_pending(person.id, "photo.jpg", jpeg).value().id;
}

}  // namespace surveillx::mediaserver
