#include "surveillx/vision/manifest.hpp"

#include "manifests.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace surveillx::vision {
namespace {

/// Thrown while a manifest is read and turned into `invalid_argument` at the end.
struct BadKey {
  std::string what;
};

std::string text(const toml::table& table, std::string_view key) {
  return table[key].value_or(std::string());
}

float number(const toml::table& table, std::string_view key, float otherwise) {
  const auto node = table[key];
  if (!node) return otherwise;
  const auto value = node.value<double>();
  if (!value) throw BadKey{std::string(key) + " must be a number"};
  return static_cast<float>(*value);
}

const toml::table& section(const toml::table& table, std::string_view key) {
  static const toml::table none;
  const auto* found = table[key].as_table();
  return found != nullptr ? *found : none;
}

Metric parse_metric(const std::string& name) {
  if (name == "l2") return Metric::l2;
  if (name == "cosine") return Metric::cosine;
  if (name == "chi_square") return Metric::chi_square;
  throw BadKey{"embedder.metric must be l2, cosine or chi_square"};
}

void read_chip(const toml::table& embedder, ModelManifest& model) {
  const auto* chip = embedder["chip"].as_array();
  if (chip == nullptr || chip->size() != 2) throw BadKey{"embedder.chip must be [width, height]"};
  model.chip_width = chip->at(0).value_or(0);
  model.chip_height = chip->at(1).value_or(0);
  if (model.chip_width < 16 || model.chip_height < 16 || model.chip_width > 1024 ||
      model.chip_height > 1024) {
    throw BadKey{"embedder.chip must be 16 to 1024 pixels"};
  }
}

void read_reference(const toml::table& embedder, ModelManifest& model) {
  const auto* points = embedder["reference"].as_array();
  if (points == nullptr) return;
  if (points->size() != model.reference.size()) {
    throw BadKey{"embedder.reference must be five points"};
  }
  for (std::size_t i = 0; i < model.reference.size(); ++i) {
    const auto* point = points->at(i).as_array();
    if (point == nullptr || point->size() != 2) throw BadKey{"embedder.reference must be [x, y]"};
    model.reference[i] = {static_cast<float>(point->at(0).value_or(0.0)),
                          static_cast<float>(point->at(1).value_or(0.0))};
  }
}

void read_embedder(const toml::table& root, ModelManifest& model) {
  const toml::table& embedder = section(root, "embedder");
  read_chip(embedder, model);
  read_reference(embedder, model);
  model.rgb = embedder["rgb"].value_or(true);
  model.mean = number(embedder, "mean", 0);
  model.scale = number(embedder, "scale", 1);

  const toml::table& matching = section(root, "matching");
  Matching& m = model.matching;
  m.model_id = model.id;
  m.metric = parse_metric(text(embedder, "metric"));
  m.dimension = embedder["dimension"].value_or(0);
  m.threshold = number(matching, "threshold", 0);
  m.tighten = number(matching, "tighten", 0);
  m.tighten_from = number(matching, "tighten_from", 20);
  m.min_threshold = number(matching, "min_threshold", m.threshold);
  m.max_threshold = number(matching, "max_threshold", m.threshold);
  m.live_threshold = number(matching, "live_threshold", m.threshold);
  m.margin = number(matching, "margin", 0);
  m.stranger_gap = number(matching, "stranger_gap", 0);
  m.look_alike = number(matching, "look_alike", m.live_threshold);
  m.unlike = number(matching, "unlike", 0);
  if (m.dimension <= 0) throw BadKey{"embedder.dimension must be above 0"};
  if (m.threshold <= 0) throw BadKey{"matching.threshold must be above 0"};
  if (m.tighten_from < 1) throw BadKey{"matching.tighten_from must be at least 1"};

  const toml::table& gates = section(root, "gates");
  model.gates.min_size_px = number(gates, "min_size_px", 40);
  model.gates.min_enrol_size_px = number(gates, "min_enrol_size_px", 60);
  model.gates.min_sharpness = number(gates, "min_sharpness", 0);
  model.gates.min_enrol_sharpness = number(gates, "min_enrol_sharpness", 0);
  model.gates.max_turn = number(gates, "max_turn", 1);
}

ModelManifest read(const toml::table& root) {
  ModelManifest model;
  model.id = text(root, "id");
  if (model.id.empty()) throw BadKey{"id is missing"};
  const std::string kind = text(root, "kind");
  if (kind != "detector" && kind != "embedder") throw BadKey{"kind must be detector or embedder"};
  model.kind = kind == "detector" ? ModelKind::detector : ModelKind::embedder;
  model.title = text(root, "title");
  model.runtime = text(root, "runtime");
  if (model.runtime.empty()) throw BadKey{"runtime is missing"};
  model.preference = root["preference"].value_or(0);
  model.file = text(root, "file");
  model.url = text(root, "url");
  model.sha256 = text(root, "sha256");
  model.licence = text(root, "licence");
  model.source = text(root, "source");
  if (model.kind == ModelKind::detector) {
    const toml::table& detector = section(root, "detector");
    model.score_threshold = number(detector, "score_threshold", 0.8F);
    model.max_width = detector["max_width"].value_or(640);
    if (model.max_width < 64) throw BadKey{"detector.max_width must be at least 64"};
  } else {
    read_embedder(root, model);
  }
  return model;
}

std::vector<ModelManifest> parse_known() {
  std::vector<ModelManifest> models;
  for (const std::string_view manifest : manifest_texts()) {
    auto model = parse_manifest(manifest);
    // They are part of the program: one that does not parse is a bug that the tests find.
    if (!model) throw Failure(model.error());
    models.push_back(*std::move(model));
  }
  std::sort(models.begin(), models.end(), [](const ModelManifest& a, const ModelManifest& b) {
    return std::tie(a.kind, a.preference, a.id) < std::tie(b.kind, b.preference, b.id);
  });
  return models;
}

}  // namespace

Result<ModelManifest> parse_manifest(std::string_view toml) {
  try {
    return read(toml::parse(toml));
  } catch (const toml::parse_error& e) {
    return Error{kInvalidArgument, "model manifest, line " + std::to_string(e.source().begin.line) +
                                       ": " + std::string(e.description())};
  } catch (const BadKey& e) {
    return Error{kInvalidArgument, "model manifest: " + e.what};
  }
}

std::span<const ModelManifest> known_models() {
  static const std::vector<ModelManifest> models = parse_known();
  return models;
}

const ModelManifest* find_model(std::string_view id) {
  for (const ModelManifest& model : known_models()) {
    if (model.id == id) return &model;
  }
  return nullptr;
}

}  // namespace surveillx::vision
