#include "surveillx/vision/engine.hpp"
#include "surveillx/vision/gallery.hpp"

#include "commands/command.hpp"
#include "commands/engine_options.hpp"
#include "commands/store_access.hpp"
#include "commands/utf8_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

namespace surveillx::app {
namespace {

namespace json = boost::json;

constexpr std::uintmax_t kMaxPhotoBytes = 32 * 1024 * 1024;

Result<Bytes> read_photo(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(file, code)) {
    return Error{kNotFound, "there is no such file"};
  }
  if (std::filesystem::file_size(file, code) > kMaxPhotoBytes) {
    return Error{kInvalidArgument, "the file is larger than 32 MB"};
  }
  std::ifstream in(file, std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error{kIo, "the file cannot be read"};
  return bytes;
}

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

/// The nearest person is named whatever the decision, which alone says whether to believe it.
json::object describe(vision::Engine& engine, const vision::Gallery& gallery,
                      const vision::Image& image, const vision::FoundFace& face) {
  const domain::Box box = vision::to_unit_box(face.detection.box, image.size());
  json::object out{{"box", {rounded(box.x), rounded(box.y), rounded(box.w), rounded(box.h)}},
                   {"decision", "pending"},
                   {"person_id", nullptr},
                   {"person", nullptr},
                   {"distance", nullptr},
                   {"confidence", 0.0}};
  if (!face.quality.usable()) {
    // Too little of a face to be compared with anybody.
    out["reason"] = reason_of(face.quality.issue);
    return out;
  }
  const auto match = gallery.nearest(engine.embed(image, face.detection));
  out["decision"] = match && match->accepted ? "known" : "unknown";
  if (match) {
    out["person_id"] = match->person_id.str();
    out["person"] = match->name;
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

std::shared_ptr<const vision::Gallery> load_gallery(store::Store& store,
                                                    const vision::Engine& engine) {
  std::vector<vision::Gallery::Entry> entries;
  for (auto& stored : must(store.embeddings.load(engine.info().model))) {
    entries.push_back(
        {stored.person_id, stored.person, {engine.info().model, std::move(stored.vector)}});
  }
  return vision::Gallery::build(std::move(entries), engine.matching());
}

int run(const CommonOptions& common, const std::vector<std::string>& photos) {
  const auto access = open_store(common);
  auto options = engine_options(access.config);
  options.threads = 1;
  const auto engine = must(vision::Engine::open(options));
  if (engine->info().trial) std::fprintf(stderr, "surveillx: %s\n", engine->info().notice.c_str());
  const auto gallery = load_gallery(*access.store, *engine);
  bool all_read = true;
  for (const std::string& photo : photos) {
    const json::object line = identify(*engine, *gallery, photo);
    all_read = all_read && line.at("error").is_null();
    std::puts(json::serialize(line).c_str());
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
  command->add_option("PHOTO", *photos, "JPEG, PNG or WebP files")->required();
  r.models_option(command);
  r.run(command, [photos](const CommonOptions& common) { return run(common, *photos); });
}

}  // namespace surveillx::app
