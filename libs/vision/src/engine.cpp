#include "surveillx/vision/engine.hpp"

#include "surveillx/vision/parts.hpp"

#include "aligner.hpp"
#include "builtin.hpp"
#include "dlib_nets.hpp"
#include "pixels.hpp"
#include "quality.hpp"
#include "yunet.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace surveillx::vision {
namespace {

namespace fs = std::filesystem;

constexpr float kLargeFace = 160;

/// One thread's copy of an engine's parts.
struct Parts {
  std::unique_ptr<Detector> detector;
  std::unique_ptr<Aligner> aligner;
  std::unique_ptr<Embedder> embedder;
};

/// Lends the copies to callers; one that comes when all are out waits.
class PartsPool {
 public:
  explicit PartsPool(std::vector<Parts> parts) : free_(std::move(parts)) {}

  class Lease {
   public:
    explicit Lease(PartsPool& pool) : pool_(pool), parts_(pool.take()) {}
    ~Lease() { pool_.give(std::move(parts_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Parts* operator->() { return &parts_; }

   private:
    PartsPool& pool_;
    Parts parts_;
  };

 private:
  Parts take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !free_.empty(); });
    Parts parts = std::move(free_.back());
    free_.pop_back();
    return parts;
  }
  void give(Parts parts) {
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(std::move(parts));
    }
    returned_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Parts> free_;
};

void scale_back(Detection& face, float by) {
  face.box = {face.box.x * by, face.box.y * by, face.box.w * by, face.box.h * by};
  if (!face.landmarks) return;
  for (Point& p : *face.landmarks) p = {p.x * by, p.y * by};
}

/// Detects in the image shrunk to `max_side`; answers in pixels of the whole image.
std::vector<Detection> detect_at(Detector& detector, const Image& image, int max_side) {
  const cv::Mat& bgr = mat_of(image);
  const int longer = std::max(bgr.cols, bgr.rows);
  if (longer <= max_side) return detector.detect(image);
  const double by = static_cast<double>(longer) / max_side;
  cv::Mat small;
  cv::resize(bgr, small,
             {std::max(1, static_cast<int>(std::lround(bgr.cols / by))),
              std::max(1, static_cast<int>(std::lround(bgr.rows / by)))},
             0, 0, by > 1.5 ? cv::INTER_AREA : cv::INTER_LINEAR);
  std::vector<Detection> faces = detector.detect(image_of(std::move(small)));
  for (Detection& face : faces) scale_back(face, static_cast<float>(by));
  return faces;
}

/// Whether two looks at one face put its landmarks at the same places, within a twelfth of its
/// width.
bool agree(const Detection& a, const Detection& b) {
  if (!a.landmarks || !b.landmarks) return true;
  for (std::size_t i = 0; i < a.landmarks->size(); ++i) {
    const Point& p = (*a.landmarks)[i];
    const Point& q = (*b.landmarks)[i];
    if (std::hypot(p.x - q.x, p.y - q.y) > a.box.w / 12) return false;
  }
  return true;
}

/// Adds what another look found and this one had not.
void merge(std::vector<Detection>& faces, const std::vector<Detection>& more) {
  for (const Detection& face : more) {
    const bool known = std::any_of(faces.begin(), faces.end(), [&](const Detection& other) {
      return overlap(face.box, other.box) > 0.3F;
    });
    if (!known) faces.push_back(face);
  }
}

class PartsEngine : public Engine {
 public:
  PartsEngine(EngineInfo info, const ModelManifest& detector, const ModelManifest& embedder,
              std::vector<Parts> parts)
      : info_(std::move(info)),
        max_width_(detector.max_width),
        many_sizes_(detector.runtime == "yunet"),
        matching_(embedder.matching),
        gates_(embedder.gates),
        pool_(std::move(parts)) {}

  const EngineInfo& info() const override { return info_; }
  const Matching& matching() const override { return matching_; }
  const Gates& gates() const override { return gates_; }

  std::vector<FoundFace> find_faces(const Image& image, Effort effort) override {
    if (image.empty()) return {};
    std::vector<Detection> detections;
    {
      PartsPool::Lease parts(pool_);
      detections = detect_at(*parts->detector, image, max_width_);
      if (effort == Effort::photo && many_sizes_) look_again(*parts->detector, image, detections);
    }
    std::vector<FoundFace> faces;
    for (Detection& detection : detections) {
      const FaceQuality quality = measure_quality(image, detection, gates_);
      faces.push_back({std::move(detection), quality});
    }
    std::sort(faces.begin(), faces.end(), [](const FoundFace& a, const FoundFace& b) {
      return a.detection.box.area() > b.detection.box.area();
    });
    return faces;
  }

  Embedding embed(const Image& image, const Detection& face) override {
    PartsPool::Lease parts(pool_);
    return {info_.model, parts->embedder->embed(parts->aligner->align(image, face))};
  }

 private:
  /// A photo may hold a group whose faces vanish at the live size, or one face that fills it. A
  /// face of more than kLargeFace pixels is found, but freckles and glasses may mislead its
  /// landmarks: where a look at half the size disagrees, that one is right.
  void look_again(Detector& detector, const Image& image, std::vector<Detection>& faces) const {
    const int longer = std::max(image.size().width, image.size().height);
    if (longer > max_width_) merge(faces, detect_at(detector, image, 2 * max_width_));
    const float shrunk =
        std::max(1.0F, static_cast<float>(longer) / static_cast<float>(max_width_));
    const bool large = std::any_of(faces.begin(), faces.end(), [&](const Detection& face) {
      return face.box.w / shrunk > kLargeFace;
    });
    if (!large && !faces.empty()) return;
    const std::vector<Detection> coarse =
        detect_at(detector, image, std::min(longer, max_width_) / 2);
    for (Detection& face : faces) {
      if (face.box.w / shrunk <= kLargeFace) continue;
      for (const Detection& other : coarse) {
        if (overlap(face.box, other.box) > 0.4F) {
          if (!agree(face, other)) face = other;
          break;
        }
      }
    }
    merge(faces, coarse);
  }

  EngineInfo info_;
  int max_width_;
  bool many_sizes_;
  Matching matching_;
  Gates gates_;
  PartsPool pool_;
};

/// The preferred model of a kind whose weights are there, verified.
struct Chosen {
  const ModelManifest* model = nullptr;
  fs::path file;
};

using Suits = std::function<bool(const ModelManifest&)>;

Result<Chosen> choose(const Suits& suits, const std::vector<fs::path>& folders) {
  std::string wanted;
  for (const ModelManifest& model : known_models()) {
    if (!suits(model)) continue;
    if (const auto file = find_weights(model, folders)) {
      auto verified = verify_weights(model, *file);
      if (!verified) return verified.error();
      return Chosen{&model, *verified};
    }
    wanted += (wanted.empty() ? "" : " or ") + model.file;
  }
  return Error{kModelsMissing, wanted};
}

int copies(const EngineOptions& options) {
  if (options.threads > 0) return options.threads;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1, 4);
}

/// The model with the operator's limits in place of its own.
ModelManifest limited(ModelManifest model, const EngineOptions& options) {
  if (options.threshold > 0) {
    const auto threshold = static_cast<float>(options.threshold);
    model.matching.threshold = threshold;
    model.matching.min_threshold = threshold;
    model.matching.max_threshold = threshold;
    model.matching.live_threshold = threshold;
    model.matching.look_alike = threshold;
    model.matching.tighten = 0;
  }
  if (options.margin > 0) model.matching.margin = static_cast<float>(options.margin);
  if (options.min_face_px > 0) {
    model.gates.min_size_px = static_cast<float>(options.min_face_px);
  }
  return model;
}

Result<std::shared_ptr<Engine>> open_yunet_dlib(const EngineOptions& options) {
  const auto detector =
      choose([](const ModelManifest& m) { return m.runtime == "yunet"; }, options.model_folders);
  const auto embedder = choose(
      [](const ModelManifest& m) {
        return m.runtime.starts_with("dlib-") && m.kind == ModelKind::embedder;
      },
      options.model_folders);
  std::string missing;
  for (const auto* chosen : {&detector, &embedder}) {
    if (chosen->has_value()) continue;
    if (!chosen->error().is(kModelsMissing)) return chosen->error();
    missing += (missing.empty() ? "" : ", and ") + chosen->error().message;
  }
  if (!missing.empty()) {
    return Error{kModelsMissing, "the engine yunet+dlib needs " + missing +
                                     "; run `surveillx models fetch`, or name their folder with "
                                     "--models or SURVEILLX_MODELS"};
  }
  std::vector<Parts> parts;
  try {
    for (int i = 0; i < copies(options); ++i) {
      parts.push_back({make_yunet(detector->file, *detector->model),
                       make_landmark_aligner(*embedder->model),
                       make_dlib_embedder(embedder->file, *embedder->model)});
    }
  } catch (const std::exception& e) {
    return Error{kModelDamaged, std::string("the weights cannot be loaded: ") + e.what()};
  }
  EngineInfo info{"yunet+dlib", embedder->model->id, false, ""};
  return std::shared_ptr<Engine>(std::make_shared<PartsEngine>(
      std::move(info), *detector->model, limited(*embedder->model, options), std::move(parts)));
}

Result<std::shared_ptr<Engine>> open_builtin(const EngineOptions& options, std::string reason) {
  const ModelManifest* detector = find_model("dlib-hog");
  const ModelManifest* embedder = find_model("lbph-v1");
  if (detector == nullptr || embedder == nullptr) {
    return Error{kInternal, "the manifests of the builtin engine are missing"};
  }
  std::vector<Parts> parts;
  for (int i = 0; i < copies(options); ++i) {
    parts.push_back(
        {make_hog_detector(), make_box_aligner(*embedder), make_lbph_embedder(*embedder)});
  }
  EngineInfo info{"builtin", embedder->id, true,
                  "The builtin engine is for trying out: it confuses real people. " + reason};
  return std::shared_ptr<Engine>(std::make_shared<PartsEngine>(
      std::move(info), *detector, limited(*embedder, options), std::move(parts)));
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::open(const EngineOptions& options) {
  cv::setNumThreads(1);
  use_one_blas_thread();
  constexpr const char* kAdvice =
      "For real use run `surveillx models fetch` and set vision.engine to auto or yunet+dlib.";
  if (options.name == "yunet+dlib") return open_yunet_dlib(options);
  if (options.name == "builtin") return open_builtin(options, kAdvice);
  if (options.name == "auto") {
    auto engine = open_yunet_dlib(options);
    if (engine) return engine;
    return open_builtin(options, "It was chosen because " + engine.error().message + ".");
  }
  if (options.name == "yunet+onnx") {
    return Error{kEngineUnavailable,
                 "the engine yunet+onnx is not available yet; use yunet+dlib or builtin"};
  }
  return Error{kEngineUnknown, "there is no engine `" + options.name +
                                   "`; use auto, yunet+dlib, yunet+onnx or builtin"};
}

}  // namespace surveillx::vision
