#include "surveillx/base/log.hpp"

#include "blobs.hpp"
#include "sql.hpp"

#include <string>

namespace surveillx::store {

namespace {

constexpr const char* kBinding = "embedding_binding";
constexpr const char* kToPhotoAndPerson = "photo+person";

std::optional<std::string> binding_in(Connection& db) {
  const auto row = db.first(1, "select value from setting where name = :name", {{"name", kBinding}});
  return row ? std::optional(row->text(0)) : std::nullopt;
}

/// How vectors were bound before.
std::string photo_only(const PhotoId& id, std::string_view model) {
  return "embedding:" + id.str() + ":" + std::string(model);
}

}  // namespace

Result<void> bind_embeddings_to_people(const ContextPtr& context) {
  const auto binding = run(*context->database, Mode::single,
                           [](Connection& db) -> Result<std::optional<std::string>> {
                             return binding_in(db);
                           });
  if (!binding) return binding.error();
  if (*binding == kToPhotoAndPerson) return {};
  std::size_t bound = 0;
  const auto done = write(context, [&](Connection& db) -> Result<void> {
    // Also the lock that keeps a second process from doing it at the same time.
    bump(db, Revised::gallery);
    if (binding_in(db) == kToPhotoAndPerson) return {};
    bound = 0;
    for (const auto& row :
         db.query(4, "select photo_id, model, person_id, {hex:vector} from embedding")) {
      const auto photo = row.id<PhotoId>(0);
      const auto& model = row.text(1);
      const auto person = row.id<PersonId>(2);
      const auto plain = context->keys.unseal(row.bytes(3), photo_only(photo, model));
      if (!plain && plain.error().is(crypto::kWrongKey)) return plain.error();
      // Damaged, or bound already: loading the gallery tells which.
      if (!plain) continue;
      db.execute(
          "update embedding set vector = :vector where photo_id = :photo and model = :model",
          {{"vector", context->keys.seal(*plain, embedding_binding(photo, model, person))},
           {"photo", photo},
           {"model", model}});
      ++bound;
    }
    db.execute(
        "insert into setting (name, value) values (:name, :value)"
        " on conflict (name) do update set value = excluded.value",
        {{"name", kBinding}, {"value", kToPhotoAndPerson}});
    return {};
  });
  if (!done) return done.error();
  if (bound > 0) log::info("store.embeddings_bound_to_people", {{"count", bound}});
  return {};
}

}  // namespace surveillx::store
