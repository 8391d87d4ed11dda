#pragma once

#include "surveillx/domain/ids.hpp"
#include "surveillx/vision/face.hpp"
#include "surveillx/vision/manifest.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace surveillx::vision {

/// The nearest person to a face, and how sure that is.
struct Match {
  PersonId person_id;
  std::string name;
  float distance = 0;
  /// Distance of the nearest vector of anybody else; infinite when there is nobody else.
  float second = std::numeric_limits<float>::infinity();
  /// Near enough for this gallery's size, and nearer than anybody else by the margin: what one
  /// clear photo needs.
  bool accepted = false;
  /// The same by the live threshold: what a camera's face needs to speak for the person.
  bool accepted_live = false;
  /// Farther from everybody than the live threshold, by the model's `stranger_gap`.
  bool stranger = false;
  double confidence = 0;  ///< 0 to 1; 0.5 at the threshold.
};

/// What surrounds a face among the enrolled, for a person whose it is said to be.
struct Neighbours {
  float own = std::numeric_limits<float>::infinity();    ///< The person's nearest vector.
  float other = std::numeric_limits<float>::infinity();  ///< Anybody else's nearest,
  PersonId other_id;                                     ///< and whose it is.
  std::string other_name;
};

/// All enrolled vectors of one model at one moment. Immutable, so that cameras read it without
/// locks and a new one is swapped in whole.
class Gallery {
 public:
  struct Entry {
    PersonId person_id;
    std::string name;
    Embedding embedding;
  };

  /// Entries of another model, or of a wrong dimension, are left out and counted.
  [[nodiscard]] static std::shared_ptr<const Gallery> build(std::vector<Entry> entries,
                                                            const Matching& matching);
  [[nodiscard]] static std::shared_ptr<const Gallery> empty(const Matching& matching) {
    return build({}, matching);
  }

  /// Nothing when the gallery is empty or `face` is another model's vector.
  [[nodiscard]] std::optional<Match> nearest(const Embedding& face) const;
  /// `person` nothing: for somebody who is not enrolled yet. All infinite for another model's vector.
  [[nodiscard]] Neighbours neighbours(const Embedding& face,
                                      const std::optional<PersonId>& person) const;
  /// The name of a person who has at least one vector here; null otherwise.
  [[nodiscard]] const std::string* name_of(const PersonId& person) const;

  /// One of the entries that were not left out, in their order, as it is compared: of length 1 for the
  /// cosine. So that whoever builds the next gallery need not hold the vectors as well.
  [[nodiscard]] std::vector<float> vector(std::size_t row) const;

  [[nodiscard]] std::size_t people() const { return people_.size(); }
  [[nodiscard]] std::size_t vectors() const { return owners_.size(); }
  [[nodiscard]] std::size_t skipped() const { return skipped_; }
  /// The model's threshold for this many vectors: chance matches grow with the gallery.
  [[nodiscard]] float threshold() const { return threshold_; }
  /// The one that a camera's faces are held against; at most `threshold()`.
  [[nodiscard]] float live_threshold() const { return live_threshold_; }
  [[nodiscard]] const Matching& matching() const { return matching_; }

 private:
  struct Person {
    PersonId id;
    std::string name;
  };

  Gallery() = default;

  Matching matching_;
  float threshold_ = 0;
  float live_threshold_ = 0;
  std::size_t skipped_ = 0;
  std::size_t stride_ = 0;  ///< Floats a row, padded for SIMD.
  std::vector<Person> people_;
  std::vector<std::uint32_t> owners_;  ///< Index into people_ of each row.
  std::vector<float> rows_;
};

/// The distance of two vectors of one length. Cosine distance is 1 - cosine.
[[nodiscard]] float distance(Metric metric, const std::vector<float>& a,
                             const std::vector<float>& b);

}  // namespace surveillx::vision
