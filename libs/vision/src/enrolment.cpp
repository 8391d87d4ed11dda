#include "surveillx/vision/enrolment.hpp"

#include "quality.hpp"

#include <cmath>
#include <string>

namespace surveillx::vision {
namespace {

/// The face whose photo this is has at least this many times the area of any other,
constexpr float kClearlyLarger = 3;
/// and is in the middle, or so much larger that the others are in the background of the background.
constexpr float kFarLarger = 25;

bool is_central(const PixelBox& face, frame::Size photo) {
  const Point centre = face.centre();
  const float x = centre.x / static_cast<float>(photo.width);
  const float y = centre.y / static_cast<float>(photo.height);
  return x >= 0.25F && x <= 0.75F && y >= 0.15F && y <= 0.85F;
}

}  // namespace

Result<Enrolment> examine_photo(Engine& engine, const Image& photo) {
  const std::vector<FoundFace> faces = engine.find_faces(photo, Effort::photo);
  if (faces.empty()) return Error{kNoFace, "no face was found in the photo"};
  const FoundFace& main = faces.front();
  if (faces.size() > 1) {
    const float larger = main.detection.box.area() / faces[1].detection.box.area();
    const bool clear = is_central(main.detection.box, photo.size()) ? larger >= kClearlyLarger
                                                                    : larger >= kFarLarger;
    if (!clear) {
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
  // Its pixels are many, what they show is little: such a face comes near to anybody.
  if (is_enlarged(measure_detail(photo, main.detection.box))) {
    return Error{kBlurred,
                 "the face is blurred, or was enlarged from a few pixels; use the original photo"};
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
