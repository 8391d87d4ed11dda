#include "surveillx/store/store.hpp"

#include "blobs.hpp"
#include "held_sessions.hpp"
#include "sql.hpp"
#include "text_keys.hpp"

namespace surveillx::store {

namespace {

constexpr const char* kKeyId = "key_id";

/// The first to open a database writes down whose keys seal it.
Result<void> check_keys(const ContextPtr& context) {
  const std::string ours = context->keys.id();
  const auto noted = [](Connection& db) -> Result<std::optional<std::string>> {
    const auto row =
        db.first(1, "select value from setting where name = :name", {{"name", kKeyId}});
    return row ? std::optional(row->text(0)) : std::nullopt;
  };
  auto theirs = run(*context->database, Mode::single, noted);
  if (theirs && !*theirs) {
    theirs = write(context, [&](Connection& db) {
      db.execute(
          "insert into setting (name, value) values (:name, :value) on conflict (name) do nothing",
          {{"name", kKeyId}, {"value", ours}});
      return noted(db);
    });
  }
  if (!theirs) return theirs.error();
  if (**theirs == ours) return {};
  return Error{crypto::kWrongKey, context->database->describe() + " was written with the key " +
                                      **theirs + ", this key file is " + ours +
                                      "; hosts that share a database share security.key_file"};
}

}  // namespace

Store::Store(ContextPtr context)
    : people(context),
      photos(context),
      embeddings(context),
      cameras(context),
      users(context),
      sessions(context),
      attendance(context),
      revision(context),
      settings(context),
      site_zone(context),
      clocks(context),
      context_(context) {}

Result<std::shared_ptr<Store>> Store::open(const DatabaseOptions& options,
                                           const crypto::KeyRing& keys, const Clock& clock,
                                           crypto::PasswordCost password_cost) {
  auto database = Database::open(options);
  if (!database) return database.error();
  auto context = std::make_shared<const Context>(
      Context{*database, keys, &clock, password_cost, std::make_shared<HeldSessions>()});
  if (options.schema != SchemaPolicy::ignore) {
    if (auto checked = check_keys(context); !checked) return checked.error();
    if (auto bound = bind_embeddings_to_people(context); !bound) return bound.error();
    if (auto renewed = renew_text_keys(context); !renewed) return renewed.error();
  }
  return std::shared_ptr<Store>(new Store(std::move(context)));
}

Result<Revisions> Revision::current() {
  return run(*context_->database, Mode::single, [](Connection& db) -> Result<Revisions> {
    const auto row = db.first(
        5, "select gallery, cameras, access, attendance, vectors from revision where id = 1");
    if (!row) return Error{kInternal, "the revision row is missing"};
    return Revisions{.gallery = row->integer(0),
                     .cameras = row->integer(1),
                     .access = row->integer(2),
                     .attendance = row->integer(3),
                     .vectors = row->integer(4)};
  });
}

Result<std::optional<std::string>> Settings::get(std::string_view name) {
  using Value = std::optional<std::string>;
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<Value> {
    const auto row = db.first(1, "select value from setting where name = :name", {{"name", name}});
    return row ? Value(row->text(0)) : Value();
  });
}

Result<void> Settings::set(std::string_view name, std::string_view value) {
  return write(context_, [&](Connection& db) -> Result<void> {
    db.execute(
        "insert into setting (name, value) values (:name, :value)"
        " on conflict (name) do update set value = excluded.value",
        {{"name", name}, {"value", value}});
    return {};
  });
}

}  // namespace surveillx::store
