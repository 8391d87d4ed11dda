#include "surveillx/base/log.hpp"
#include "surveillx/store/people.hpp"

#include "blobs.hpp"
#include "sql.hpp"

#include <unordered_set>

namespace surveillx::store {

namespace {

/// Up to this many vectors are asked for by name, in one statement whatever the number: one after
/// another each could wait for its own time limit, and who reads the gallery also follows revoked
/// tokens. For more, as at the start or after an import, all rows are read, which takes memory for all.
constexpr std::size_t kByName = 200;

/// `seal` is what KeyRing::seal writes before the ciphertext: its nonce is drawn anew each time.
constexpr std::string_view kEmbeddingColumns =
    "p.id, p.name, e.photo_id, {hex:substr(e.vector, 1, 29)}";
constexpr std::size_t kEmbeddingColumnCount = 4;

std::string select_embeddings(std::string_view further_columns, std::string_view rest) {
  return "select " + std::string(kEmbeddingColumns) + std::string(further_columns) +
         " from embedding e join person p on p.id = e.person_id"
         " where e.model = :model and p.removed_at is null " +
         std::string(rest);
}

EmbeddingRow embedding_row(const Row& row) {
  return {.person_id = row.id<PersonId>(0),
          .person = row.text(1),
          .photo_id = row.id<PhotoId>(2),
          .seal = row.text(3)};
}

struct SealedVector {
  EmbeddingRow row;
  Bytes bytes;
};
using SealedVectors = std::vector<SealedVector>;

SealedVector sealed_vector(const Row& row) {
  return {embedding_row(row), row.bytes(kEmbeddingColumnCount)};
}

Result<SealedVectors> read_few(const ContextPtr& context, std::string_view model,
                               const std::vector<PhotoId>& photos) {
  if (photos.empty()) return SealedVectors();
  std::vector<std::string> names;
  names.reserve(photos.size());  // Parameters point to them.
  std::vector<Param> params{{"model", model}};
  std::string list;
  for (const auto& photo : photos) {
    const std::string& name = names.emplace_back("photo" + std::to_string(names.size()));
    params.emplace_back(name.c_str(), photo);
    list += (list.empty() ? ":" : ", :") + name;
  }
  return run(*context->database, Mode::single, [&](Connection& db) -> Result<SealedVectors> {
    SealedVectors found;
    for (const auto& row :
         db.query_with(kEmbeddingColumnCount + 1,
                       select_embeddings(", {hex:e.vector}", "and e.photo_id in (" + list + ")"),
                       params)) {
      found.push_back(sealed_vector(row));
    }
    return found;
  });
}

/// `photos` nothing: all.
Result<SealedVectors> read_many(const ContextPtr& context, std::string_view model,
                                const std::optional<std::vector<PhotoId>>& photos) {
  std::unordered_set<PhotoId> wanted;
  if (photos) wanted.insert(photos->begin(), photos->end());
  return run(*context->database, Mode::single, [&](Connection& db) -> Result<SealedVectors> {
    SealedVectors found;
    for (const auto& row :
         db.query(kEmbeddingColumnCount + 1,
                  select_embeddings(", {hex:e.vector}", "order by p.id, e.photo_id"),
                  {{"model", model}})) {
      if (photos && !wanted.contains(row.id<PhotoId>(2))) continue;
      found.push_back(sealed_vector(row));
    }
    return found;
  });
}

}  // namespace

Result<std::vector<EmbeddingRow>> Embeddings::list(std::string_view model) {
  using Rows = std::vector<EmbeddingRow>;
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<Rows> {
    Rows rows;
    for (const auto& row : db.query(kEmbeddingColumnCount,
                                    select_embeddings("", "order by p.id, e.photo_id"),
                                    {{"model", model}})) {
      rows.push_back(embedding_row(row));
    }
    return rows;
  });
}

Result<std::vector<StoredEmbedding>> Embeddings::load(
    std::string_view model, const std::optional<std::vector<PhotoId>>& photos) {
  auto sealed = photos && photos->size() <= kByName ? read_few(context_, model, *photos)
                                                      : read_many(context_, model, photos);
  if (!sealed) return sealed.error();

  std::vector<StoredEmbedding> embeddings;
  embeddings.reserve(sealed->size());
  for (auto& [row, bytes] : *sealed) {
    auto plain =
        context_->keys.unseal(bytes, embedding_binding(row.photo_id, model, row.person_id));
    if (!plain && plain.error().is(crypto::kWrongKey)) return plain.error();
    auto vector = plain ? vector_from_bytes(*plain) : Result<std::vector<float>>(plain.error());
    if (!vector) {
      log::warn("store.embedding_unreadable", {{"photo", row.photo_id.str()}});
      continue;
    }
    embeddings.push_back({std::move(row), std::move(*vector)});
  }
  return embeddings;
}

Result<std::vector<std::pair<std::string, std::int64_t>>> Embeddings::models() {
  using Models = std::vector<std::pair<std::string, std::int64_t>>;
  return run(*context_->database, Mode::single, [](Connection& db) -> Result<Models> {
    Models models;
    for (const auto& row :
         db.query(2, "select model, count(*) from embedding group by model order by model")) {
      models.emplace_back(row.text(0), row.integer(1));
    }
    return models;
  });
}

}  // namespace surveillx::store
