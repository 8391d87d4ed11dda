#pragma once

#include "surveillx/enrolment/judge.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/vision/enrolment.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
/// One thread at a time; `store` must outlive it. Keeps the vectors of one model in memory. Any call
/// may fail with `database_unavailable`, and with `gallery_changed` when it lost every one of many
/// races.
class Enroller {
 public:
  Enroller(store::Store& store, const vision::Matching& matching);

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

  /// Takes over a gallery that the caller has loaded anyway. `vectors` is Revisions::vectors as read
  /// before loading.
  void use(std::shared_ptr<const vision::Gallery> gallery, std::int64_t vectors);

 private:
  /// Runs `attempt(seen)` until it is not refused as `gallery_changed`.
  template <class Attempt>
  auto with_present_gallery(Attempt attempt) -> decltype(attempt(std::int64_t{}));
  [[nodiscard]] Result<void> refresh();

  store::Store& store_;
  vision::Matching matching_;
  std::shared_ptr<const vision::Gallery> gallery_;
  std::int64_t vectors_ = 0;  ///< What `gallery_` holds.
};

/// The vectors of the engine's model as a gallery to compare with.
[[nodiscard]] Result<std::shared_ptr<const vision::Gallery>> load_gallery(
    store::Store& store, const vision::Matching& matching);

}  // namespace surveillx::enrolment
