#include "surveillx/vision/engine.hpp"
#include "surveillx/vision/gallery.hpp"

#include "commands/command.hpp"
#include "commands/json_text.hpp"
#include "commands/photo_reports.hpp"
#include "commands/store_access.hpp"
#include "commands/utf8_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cmath>
#include <cstdio>
#include <memory>

namespace surveillx::app {
namespace {

namespace json = boost::json;

const char* reason_of(vision::QualityIssue issue) {
  switch (issue) {
    case vision::QualityIssue::too_small:
      return "too_small";
    case vision::QualityIssue::blurred:
      return "blurred";
    case vision::QualityIssue::turned_away:
      return "turned_away";
    case vision::QualityIssue::none:
      break;
  }
  return "";
}

/// Four decimals: more would only pretend to be exact.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }

/// `person` is who it is, and nobody unless known. Who is nearest anyway stands apart, so that no
/// reader takes one for the other.
json::object describe(vision::Engine& engine, const vision::Gallery& gallery,
                      const vision::Image& image, const vision::FoundFace& face) {
  const domain::Box box = vision::to_unit_box(face.detection.box, image.size());
  json::object out{{"box", {rounded(box.x), rounded(box.y), rounded(box.w), rounded(box.h)}},
                   {"decision", "pending"},
                   {"person_id", nullptr},
                   {"person", nullptr},
                   {"distance", nullptr},
                   {"confidence", 0.0},
                   {"nearest", nullptr}};
  if (!face.quality.usable()) {
    // Too little of a face to be compared with anybody.
    out["reason"] = reason_of(face.quality.issue);
    return out;
  }
  const auto match = gallery.nearest(engine.embed(image, face.detection));
  out["decision"] = match && match->accepted ? "known" : "unknown";
  if (match) {
    if (match->accepted) {
      out["person_id"] = match->person_id.str();
      out["person"] = match->name;
    }
    out["nearest"] = {{"person_id", match->person_id.str()},
                      {"person", match->name},
                      {"distance", rounded(match->distance)}};
    out["distance"] = rounded(match->distance);
    out["confidence"] = rounded(match->accepted ? match->confidence : 1 - match->confidence);
  }
  return out;
}

json::object identify(vision::Engine& engine, const vision::Gallery& gallery,
                      const std::string& file) {
  json::object line{{"photo", utf8_text(file)}, {"faces", json::array()}, {"error", nullptr}};
  const auto bytes = read_photo(file);
  const auto image =
      bytes ? vision::Image::from_photo(*bytes) : Result<vision::Image>(bytes.error());
  if (!image) {
    line["error"] = std::string(image.error().name.text());
    line["message"] = image.error().message;
    return line;
  }
  json::array faces;
  for (const vision::FoundFace& face : engine.find_faces(*image, vision::Effort::photo)) {
    faces.push_back(describe(engine, gallery, *image, face));
  }
  line["faces"] = std::move(faces);
  return line;
}

int run(const CommonOptions& common, const std::vector<std::string>& photos) {
  const auto access = open_store(common);
  const auto engine = open_photo_engine(common, access.config);
  const auto gallery = must(enrolment::load_gallery(*access.store, engine->matching()));
  bool all_read = true;
  for (const std::string& photo : photos) {
    const json::object line = identify(*engine, *gallery, photo);
    all_read = all_read && line.at("error").is_null();
    std::puts(json_text(line).c_str());
    std::fflush(stdout);
  }
  if (!all_read) return fail({kInvalidArgument, "not every photo could be read; see `error`"});
  return kDone;
}

}  // namespace

void add_identify(Registrar& r) {
  CLI::App* command = r.subcommand(
      "identify", "Says who is in photos: a line of JSON for each, with every face and decision");
  const auto photos = std::make_shared<std::vector<std::string>>();
  command->add_option("PHOTO", *photos, "JPEG, PNG, WebP or HEIC files")->required();
  r.models_option(command);
  r.run(command, [photos](const CommonOptions& common) { return run(common, *photos); });
}

}  // namespace surveillx::app
