#include "blobs.hpp"

#include "text.hpp"

#include <bit>

namespace surveillx::store {
namespace {

constexpr std::size_t kMaxFileName = 200;

}  // namespace

std::string photo_binding(const PhotoId& id) { return "photo:" + id.str(); }
std::string embedding_binding(const PhotoId& id, std::string_view model, const PersonId& person) {
  return "embedding:" + id.str() + ":" + std::string(model) + ":" + person.str();
}
std::string snapshot_binding(const SightingId& id) { return "snapshot:" + id.str(); }

Bytes vector_to_bytes(const std::vector<float>& vector) {
  Bytes bytes(vector.size() * 4);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(vector[i]);
    for (std::size_t b = 0; b < 4; ++b) {
      bytes[i * 4 + b] = static_cast<std::uint8_t>(bits >> (8 * b));
    }
  }
  return bytes;
}

Result<std::vector<float>> vector_from_bytes(ByteView bytes) {
  if (bytes.size() % 4 != 0) return Error{crypto::kSealBroken, "a vector has an odd length"};
  std::vector<float> vector(bytes.size() / 4);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    std::uint32_t bits = 0;
    for (std::size_t b = 0; b < 4; ++b) bits |= std::uint32_t{bytes[i * 4 + b]} << (8 * b);
    vector[i] = std::bit_cast<float>(bits);
  }
  return vector;
}

std::string stored_file_name(std::string_view file_name) {
  return tolerant_text(file_name, kMaxFileName);
}

SealedPhoto seal_photo(const Context& context, const PersonId& person, const AcceptedPhoto& photo) {
  SealedPhoto sealed;
  sealed.photo = {.id = PhotoId::random(),
                  .person_id = person,
                  .file_name = stored_file_name(photo.file_name),
                  .status = domain::PhotoStatus::accepted,
                  .reason = "",
                  .created_at = context.clock->now(),
                  .like = std::nullopt};
  sealed.bytes = context.keys.seal(photo.bytes, photo_binding(sealed.photo.id));
  sealed.model = photo.model;
  sealed.embedding_vector = context.keys.seal(vector_to_bytes(photo.embedding),
                                              embedding_binding(sealed.photo.id, photo.model, person));
  sealed.insisted = photo.insisted;
  return sealed;
}

void insert_embedding(Connection& db, const PhotoId& photo, const PersonId& person,
                      std::string_view model, const Bytes& sealed_vector) {
  db.execute(
      "insert into embedding (photo_id, person_id, model, vector)"
      " values (:photo, :person, :model, :vector)"
      " on conflict (photo_id, model) do update set vector = excluded.vector",
      {{"photo", photo},
       {"person", person},
       {"model", model},
       {"vector", ByteView(sealed_vector)}});
}

void insert_photo(Connection& db, const SealedPhoto& sealed) {
  db.execute(
      "insert into photo (id, person_id, file_name, status, reason, model, bytes, created_at,"
      " insisted) values (:id, :person, :file_name, :status, :reason, :model, :bytes, :created_at,"
      " :insisted)",
      {{"id", sealed.photo.id},
       {"person", sealed.photo.person_id},
       {"file_name", sealed.photo.file_name},
       {"status", domain::to_string(sealed.photo.status)},
       {"reason", sealed.photo.reason},
       {"model", sealed.model},
       {"bytes", ByteView(sealed.bytes)},
       {"created_at", sealed.photo.created_at},
       {"insisted", std::int64_t{sealed.insisted ? 1 : 0}}});
  if (!sealed.embedding_vector.empty()) {
    insert_embedding(db, sealed.photo.id, sealed.photo.person_id, sealed.model,
                     sealed.embedding_vector);
  }
}

}  // namespace surveillx::store
