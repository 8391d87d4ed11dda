#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/vision/face.hpp"

#include <span>
#include <string>
#include <string_view>

/// What SurveillX knows about each model: contracts/models/*.toml, compiled in.
namespace surveillx::vision {

enum class Metric { l2, cosine, chi_square };
enum class ModelKind { detector, embedder };

/// Size and sharpness below which a face is not compared.
struct Gates {
  float min_size_px = 0;        ///< On a live picture.
  float min_enrol_size_px = 0;  ///< On an enrolment photo.
  float min_sharpness = 0;
  float min_enrol_sharpness = 0;
  float max_turn = 1;  ///< How far the nose may be from between the eyes, in eye distances.
};

/// When two vectors are the same person's. Distances are in the model's metric.
struct Matching {
  std::string model_id;
  Metric metric = Metric::l2;
  int dimension = 0;
  /// Nearer than this may be the person, with `tighten_from` vectors enrolled; each tenfold of them
  /// takes `tighten` away, fewer add it, within `min_threshold` and `max_threshold`. So about as
  /// many strangers pass by chance whatever the gallery's size.
  float threshold = 0;
  float tighten = 0;
  float tighten_from = 20;
  float min_threshold = 0;
  float max_threshold = 0;
  /// A camera sees a stranger a thousand times, and nobody looks over its shoulder: there the
  /// threshold is never more than this.
  float live_threshold = 0;
  float margin = 0;        ///< By how much the second-best person must be farther away.
  float stranger_gap = 0;  ///< Farther than the live threshold by this: a stranger.
  /// Enrolment: a photo nearer than this to somebody else's is a look-alike's, and both would be
  /// hard to tell apart; one farther than `unlike` from all of the person's others shows another
  /// face. 0: not looked at.
  float look_alike = 0;
  float unlike = 0;
};

/// One file of weights.
struct ModelManifest {
  std::string id;
  ModelKind kind = ModelKind::embedder;
  std::string title;
  std::string runtime;  ///< Which code runs it: yunet, dlib-densenet, dlib-resnet, onnx, lbph.
  int preference = 0;   ///< Of several that are present, the lowest is used.

  std::string file;    ///< Empty for what needs no weights.
  std::string url;     ///< Where `models fetch` gets it; may end in .bz2.
  std::string sha256;  ///< Of the file as it is used; empty when it was never measured.
  std::string licence;
  std::string source;

  // detector
  float score_threshold = 0.8F;
  int max_width = 640;  ///< Pictures are shrunk to this before detection.

  // embedder
  int chip_width = 0;
  int chip_height = 0;
  Landmarks reference{};  ///< Where the landmarks lie in the chip, in pixels.
  bool rgb = true;        ///< Channel order of the input.
  float mean = 0;         ///< (pixel - mean) * scale.
  float scale = 1;
  Gates gates;
  Matching matching;
};

/// All manifests, detectors first, in order of preference. Parsed once.
[[nodiscard]] std::span<const ModelManifest> known_models();
[[nodiscard]] const ModelManifest* find_model(std::string_view id);
/// Reads one manifest; `invalid_argument` names the key that is wrong.
[[nodiscard]] Result<ModelManifest> parse_manifest(std::string_view toml);

}  // namespace surveillx::vision
