#pragma once

#include "surveillx/vision/gallery.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

/// Which photos a person is recognised by: one policy for the command line, uploads and links.
namespace surveillx::enrolment {

/// The photo is much like one of another person: with both enrolled, neither would be recognised
/// (no margin between them), or one as the other.
inline constexpr ErrorName kLooksLike{"looks_like"};
/// The photo shows somebody else than the person's other photos do.
inline constexpr ErrorName kUnlikeOthers{"unlike_others"};

/// What an operator vouches for.
struct Insistence {
  bool look_alike = false;  ///< That these are two people: twins.
  bool unlike = false;      ///< That it is the person, whatever the other photos show.
};

/// The enrolled person a photo is much like.
struct LookAlike {
  PersonId person_id;
  std::string person;
  float distance = 0;
};

struct Judgement {
  std::optional<Error> refused;   ///< `looks_like` or `unlike_others`; nothing: welcome.
  std::optional<LookAlike> like;  ///< With `looks_like`.
};

/// Holds photos that are said to be of one person against each other and against everybody in
/// `gallery`; a judgement for each, in their order.
///
/// Of photos that show several faces the largest group of like ones stays, and of groups of one size
/// the one that came first; of a person with photos in the gallery, those like one of them. When one
/// of a new person's photos looks like somebody, and the others are nearly as like, all of them do.
/// A photo that is clearly nearer to the person's own than to the other's is no look-alike.
[[nodiscard]] std::vector<Judgement> judge(const vision::Gallery& gallery,
                                           const std::optional<PersonId>& person,
                                           std::span<const vision::Embedding> photos,
                                           const Insistence& insistence);

}  // namespace surveillx::enrolment
