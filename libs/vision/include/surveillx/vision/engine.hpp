#pragma once

#include "surveillx/vision/face.hpp"
#include "surveillx/vision/image.hpp"
#include "surveillx/vision/manifest.hpp"
#include "surveillx/vision/weights.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace surveillx::vision {

inline constexpr ErrorName kEngineUnknown{"engine_unknown"};
inline constexpr ErrorName kEngineUnavailable{"engine_unavailable"};

struct EngineOptions {
  /// `auto` (yunet+dlib when its weights are there, else builtin), `yunet+dlib`, `yunet+onnx`,
  /// `builtin`.
  std::string name = "auto";
  std::vector<std::filesystem::path> model_folders;  ///< See `model_folders()`.
  /// How many callers may work at once; each has its own copy of the nets. 0: half of the machine's
  /// cores, 4 at most.
  int threads = 1;
  // An operator's own limits; 0: the model's.
  double threshold = 0;  ///< Largest distance that is a match, whatever the gallery's size.
  double margin = 0;     ///< Least distance between the best and the second-best person.
  int min_face_px = 0;   ///< Narrowest face that is compared on a live picture.
};

/// What the dashboard and `doctor` say about the engine.
struct EngineInfo {
  std::string name;   ///< `yunet+dlib` or `builtin`; never `auto`.
  std::string model;  ///< Id of the embedding model, as stored with every vector.
  bool trial = false;
  std::string notice;  ///< A sentence for people; empty when all is as it should be.
};

/// `live` is one look that keeps up with a camera; `photo` looks at several sizes.
enum class Effort { live, photo };

/// Finds faces and turns them into vectors. Safe to call from any thread: a caller waits while all
/// `threads` copies are at work. Cameras, photos and the command line share one engine a process.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Loads and verifies the weights. `models_missing` names the files and `surveillx models fetch`;
  /// `model_damaged`, `engine_unknown`, `engine_unavailable`. Also sets OpenCV and OpenBLAS to one
  /// thread, for the whole process: cameras run side by side, so more threads only add switching.
  [[nodiscard]] static Result<std::shared_ptr<Engine>> open(const EngineOptions& options);

  [[nodiscard]] virtual const EngineInfo& info() const = 0;
  [[nodiscard]] virtual const Matching& matching() const = 0;
  [[nodiscard]] virtual const Gates& gates() const = 0;

  /// Faces in pixels of `image`, largest first, with their quality by the live gates. The image is
  /// shrunk for detection, but measured as it is.
  [[nodiscard]] virtual std::vector<FoundFace> find_faces(const Image& image, Effort effort) = 0;
  /// The vector of one face of that image, averaged with the mirrored face's where that helps.
  [[nodiscard]] virtual Embedding embed(const Image& image, const Detection& face) = 0;
};

}  // namespace surveillx::vision
