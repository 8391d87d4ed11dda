#pragma once

#include "surveillx/store/context.hpp"
#include "surveillx/store/people.hpp"

#include "sql.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace surveillx::store {

/// What sealed bytes are bound to: the row that holds them.
[[nodiscard]] std::string photo_binding(const PhotoId& id);
/// A vector belongs to a photo and to a person: moved to another person's row it does not open, so
/// whoever moves a photo to another person seals its vectors anew.
[[nodiscard]] std::string embedding_binding(const PhotoId& id, std::string_view model,
                                            const PersonId& person);
[[nodiscard]] std::string snapshot_binding(const SightingId& id);

/// Little-endian 32-bit floats.
[[nodiscard]] Bytes vector_to_bytes(const std::vector<float>& vector);
[[nodiscard]] Result<std::vector<float>> vector_from_bytes(ByteView bytes);

/// A photo ready to be inserted; sealing takes place before the transaction begins.
struct SealedPhoto {
  domain::Photo photo;
  Bytes bytes;
  std::string model;       ///< Empty while pending.
  Bytes embedding_vector;  ///< Empty unless accepted.
  bool insisted = false;
};
[[nodiscard]] SealedPhoto seal_photo(const Context& context, const PersonId& person,
                                     const AcceptedPhoto& photo);
void insert_photo(Connection& db, const SealedPhoto& sealed);
void insert_embedding(Connection& db, const PhotoId& photo, const PersonId& person,
                      std::string_view model, const Bytes& sealed_vector);

/// Seals the vectors of older versions, which were bound to their photo only, to the person too;
/// once a database, since from then on no other binding is accepted. Errors: `wrong_key`.
[[nodiscard]] Result<void> bind_embeddings_to_people(const ContextPtr& context);

}  // namespace surveillx::store
