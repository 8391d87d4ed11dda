#pragma once

#include "surveillx/domain/types.hpp"
#include "surveillx/vision/gallery.hpp"

#include <deque>
#include <optional>
#include <string>

namespace surveillx::vision {

/// What is believed about the face of one track.
struct Decision {
  domain::FaceStatus status = domain::FaceStatus::pending;
  std::optional<PersonId> person_id;  ///< Only when known.
  std::string name;                   ///< Only when known.
  double confidence = 0;
  double distance = 0;  ///< Weighted mean of the faces that spoke for the person.
};

/// Decides who one track is from its last few usable faces, each weighted by its quality. A face
/// speaks for a person (near enough, with a margin), for nobody (far from everybody), or not at
/// all. One frame never decides, and `unknown` needs more of them than a name. A decision falls
/// when the later faces contradict it. One thread.
class Decider {
 public:
  struct Options {
    std::size_t window = 10;    ///< Faces that are remembered.
    std::size_t min_known = 3;  ///< Faces that speak for a person before the name is said.
    float min_known_weight = 1.2F;
    float known_share = 0.65F;  ///< Of the weight of all remembered faces.
    /// Their mean distance, in thresholds: many faces just below it are still a doubtful match.
    double known_nearness = 0.95;
    /// A name falls when this many times the weight that speaks for it speaks against it.
    float contradiction = 2.0F;
    /// So many faces in a row that speak for one other person: that one has taken the place. The
    /// name falls, and what was seen before is forgotten.
    std::size_t replaced_after = 3;
    std::size_t min_unknown = 5;
    float min_unknown_weight = 2.0F;
    float unknown_share = 0.75F;
  };

  Decider() : Decider(Options{}) {}
  explicit Decider(Options options) : options_(options) {}

  /// Takes one usable face. Ignores weights of 0.
  void observe(const Embedding& face, float weight, const Gallery& gallery);
  /// Looks at the remembered faces again with another gallery: somebody was enrolled or removed.
  void reconsider(const Gallery& gallery);
  [[nodiscard]] const Decision& decision() const { return decision_; }
  /// The last face did not speak for what is believed: somebody else may have taken the place, so
  /// the next faces should be looked at without delay.
  [[nodiscard]] bool doubtful() const;
  /// The last three faces all speak against the name that is believed. It may be a hand before the
  /// face, so the name stands, but it should not be shown until a face speaks for it again.
  [[nodiscard]] bool contested() const;
  [[nodiscard]] std::size_t observations() const { return faces_.size(); }

 private:
  struct Face {
    Embedding embedding;
    float weight = 0;
    std::optional<Match> match;
  };

  void decide(const Gallery& gallery);
  [[nodiscard]] bool against(const Face& face) const;
  /// Forgets the faces of the person who was there before, once another one has taken the place.
  void forget_replaced();

  Options options_;
  std::deque<Face> faces_;
  Decision decision_;
};

}  // namespace surveillx::vision
