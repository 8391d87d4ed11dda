#pragma once

#include "surveillx/domain/types.hpp"

#include "sql.hpp"

#include <cstddef>
#include <string_view>

/// A row of `photo` without its bytes, as every query of photos reads it.
namespace surveillx::store {

inline constexpr std::string_view kPhotoColumns =
    "id, person_id, file_name, status, reason, created_at, like_person";
inline constexpr std::size_t kPhotoColumnCount = 7;

[[nodiscard]] inline domain::Photo photo_of(const Row& row) {
  const auto like = PersonId::parse(row.text(6));
  return {.id = row.id<PhotoId>(0),
          .person_id = row.id<PersonId>(1),
          .file_name = row.text(2),
          .status = domain::parse_photo_status(row.text(3)).value_or(domain::PhotoStatus::refused),
          .reason = row.text(4),
          .created_at = row.time(5),
          .like = like ? std::optional(*like) : std::nullopt};
}

[[nodiscard]] inline Error no_such_photo() { return {kNotFound, "there is no such photo"}; }

}  // namespace surveillx::store
