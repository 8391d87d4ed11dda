#pragma once

#include "surveillx/enrolment/enroller.hpp"

#include "commands/command.hpp"
#include "commands/store_access.hpp"

#include <boost/json/array.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace surveillx::app {

inline constexpr std::uintmax_t kMaxPhotoBytes = 32 * 1024 * 1024;

/// Errors: `not_found`, `invalid_argument` (over 32 MB), `io_error`.
[[nodiscard]] Result<Bytes> read_photo(const std::filesystem::path& file);

/// The engine that media uses, on one thread; says on stderr what people should know of it, or throws a
/// Failure.
[[nodiscard]] std::shared_ptr<vision::Engine> open_photo_engine(const CommonOptions& common,
                                                                const config::Config& config);

/// Examines photos in this process, with `open_photo_engine`, and enrols those that pass.
class PhotoDesk {
 public:
  PhotoDesk(const CommonOptions& common, const StoreAccess& access);

  [[nodiscard]] enrolment::Candidate examine(const std::filesystem::path& file);
  [[nodiscard]] enrolment::Candidate examine(const std::filesystem::path& file, Result<Bytes> bytes);
  [[nodiscard]] enrolment::Enroller& enroller() { return enroller_; }

 private:
  std::shared_ptr<vision::Engine> engine_;
  enrolment::Enroller enroller_;
};

/// What became of one photo.
struct PhotoReport {
  std::string file;
  enrolment::Verdict verdict;
};

/// `[{file, ok, reason}]`, with `looks_like: {person_id, person, distance}` where it is the reason.
[[nodiscard]] boost::json::array to_json(const std::vector<PhotoReport>& photos);
/// A line a photo.
void print(const std::vector<PhotoReport>& photos);

/// `--insist` and `--allow-look-alike`.
void add_insistence(CLI::App& command, enrolment::Insistence& insistence);

}  // namespace surveillx::app
