#include "commands/photo_reports.hpp"

#include "surveillx/enrolment/verdict_json.hpp"
#include "surveillx/setup/engine.hpp"

#include "commands/models_folder.hpp"
#include "commands/utf8_text.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>

namespace surveillx::app {

namespace fs = std::filesystem;

std::shared_ptr<vision::Engine> open_photo_engine(const CommonOptions& common,
                                                  const config::Config& config) {
  check_models_folder(common, config);
  auto options = setup::engine_options(config);
  options.threads = 1;
  auto engine = must(vision::Engine::open(options));
  if (engine->info().trial) std::fprintf(stderr, "surveillx: %s\n", engine->info().notice.c_str());
  return engine;
}

Result<Bytes> read_photo(const fs::path& file) {
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return Error{kNotFound, "there is no such file"};
  if (fs::file_size(file, code) > kMaxPhotoBytes) {
    return Error{kInvalidArgument, "the file is larger than 32 MB"};
  }
  std::ifstream in(file, std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error{kIo, "the file cannot be read"};
  return bytes;
}

PhotoDesk::PhotoDesk(const CommonOptions& common, const StoreAccess& access)
    : engine_(open_photo_engine(common, access.config)), enroller_(*access.store, engine_->matching()) {}

enrolment::Candidate PhotoDesk::examine(const fs::path& file) {
  return examine(file, read_photo(file));
}

enrolment::Candidate PhotoDesk::examine(const fs::path& file, Result<Bytes> bytes) {
  auto examined = bytes ? vision::examine_photo(*engine_, ByteView(*bytes))
                        : Result<vision::Enrolment>(bytes.error());
  return {.file_name = file.filename().string(),
          .bytes = bytes ? *std::move(bytes) : Bytes(),
          .examined = std::move(examined)};
}

boost::json::array to_json(const std::vector<PhotoReport>& photos) {
  boost::json::array all;
  for (const auto& [file, verdict] : photos) {
    boost::json::object photo{{"file", utf8_text(file)}};
    for (const auto& member : enrolment::to_json(verdict)) photo.insert(member);
    // It may quote a file's name, which may hold anything.
    if (auto* message = photo.if_contains("message")) *message = utf8_text(verdict.message);
    all.push_back(std::move(photo));
  }
  return all;
}

void print(const std::vector<PhotoReport>& photos) {
  for (const auto& [file, verdict] : photos) {
    if (verdict.accepted) {
      std::printf("  ok       %s\n", file.c_str());
    } else {
      std::printf("  refused  %s: %s (%s)\n", file.c_str(), verdict.message.c_str(),
                  verdict.reason.c_str());
    }
  }
}

void add_insistence(CLI::App& command, enrolment::Insistence& insistence) {
  command.add_flag("--allow-look-alike", insistence.look_alike,
                   "Take a photo that is much like another person's: they are two people");
  command.add_flag_callback(
      "--insist", [&insistence] { insistence = {.look_alike = true, .unlike = true}; },
      "The same, and take photos unlike the person's others");
}

}  // namespace surveillx::app
