#pragma once

#include "surveillx/enrolment/gallery_keeper.hpp"
#include "surveillx/enrolment/judge.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/vision/enrolment.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::enrolment {

/// A photo and what examining it has given.
struct Candidate {
  std::string file_name;
  Bytes bytes;
  Result<vision::Enrolment> examined;
};

/// What became of one photo.
struct Verdict {
  bool accepted = false;
  std::string reason;             ///< The error's name; empty when accepted.
  std::string message;            ///< The same for people, and what to do.
  std::optional<LookAlike> like;  ///< With `looks_like`.
};

struct Enrolled {
  std::optional<domain::Person> person;  ///< Nothing when no photo is left and so nobody was added.
  std::vector<Verdict> photos;           ///< In the order given.
};

/// Decides which photos are stored, by `judge`, and stores them. Compares with what the database has
/// at the moment of writing: when vectors come or go in between, whoever did it, it compares again.
///
/// One thread at a time; `store` must outlive it. Keeps the vectors of one model in memory (see
/// GalleryKeeper). Any call may fail with `database_unavailable`, and with `gallery_changed` when it
/// lost every one of many races.
class Enroller {
 public:
  Enroller(store::Store& store, const vision::Matching& matching);
  /// With the vectors that others, on any thread, need as well.
  Enroller(store::Store& store, std::shared_ptr<GalleryKeeper> keeper);

  /// Adds a person, with at least one photo or, when none is given, without. Errors: as
  /// store::People::create.
  [[nodiscard]] Result<Enrolled> create(const store::NewPerson& person,
                                        std::vector<Candidate> photos, const Insistence& insistence);
  /// Adds photos to a person. Bytes that the person has already are accepted and change nothing.
  /// Errors: `not_found`.
  [[nodiscard]] Result<std::vector<Verdict>> add(const PersonId& person,
                                                 std::vector<Candidate> photos,
                                                 const Insistence& insistence);
  /// Stores the verdict on an uploaded photo that `worker` has claimed. Errors: `lease_lost`.
  [[nodiscard]] Result<Verdict> decide(const store::ClaimedPhoto& photo, std::string_view worker,
                                       const Result<vision::Enrolment>& examined);

 private:
  /// Runs `attempt(kept)` until it is not refused as `gallery_changed`.
  template <class Attempt>
  auto with_present_gallery(Attempt attempt)
      -> decltype(attempt(std::declval<const GalleryKeeper::Kept&>()));

  store::Store& store_;
  std::shared_ptr<GalleryKeeper> keeper_;
};

}  // namespace surveillx::enrolment
