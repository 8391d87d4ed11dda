#include "surveillx/vision/enrolment.hpp"

#include <cmath>
#include <string>

namespace surveillx::vision {
namespace {

/// A second face at least this large, by its box's side, makes it unclear whose photo it is.
constexpr float kSecondFace = 0.5F;

}  // namespace

Result<Enrolment> examine_photo(Engine& engine, const Image& photo) {
  const std::vector<FoundFace> faces = engine.find_faces(photo, Effort::photo);
  if (faces.empty()) return Error{kNoFace, "no face was found in the photo"};
  const FoundFace& main = faces.front();
  if (faces.size() > 1) {
    const float second = std::sqrt(faces[1].detection.box.area() / main.detection.box.area());
    if (second >= kSecondFace) {
      return Error{kSeveralFaces, "the photo shows several faces; use one with only this person"};
    }
  }
  const Gates& gates = engine.gates();
  if (main.quality.size_px < gates.min_enrol_size_px) {
    return Error{kTooSmall, "the face is " + std::to_string(std::lround(main.quality.size_px)) +
                                " pixels wide; at least " +
                                std::to_string(std::lround(gates.min_enrol_size_px)) +
                                " are needed"};
  }
  if (main.quality.sharpness < gates.min_enrol_sharpness) {
    return Error{kBlurred, "the face is blurred; use a sharper photo"};
  }
  return Enrolment{engine.embed(photo, main.detection), main,
                   to_unit_box(main.detection.box, photo.size())};
}

Result<Enrolment> examine_photo(Engine& engine, ByteView photo) {
  const auto image = Image::from_photo(photo);
  if (!image) return image.error();
  return examine_photo(engine, *image);
}

}  // namespace surveillx::vision
