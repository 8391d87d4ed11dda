#include "surveillx/store/people.hpp"

#include "surveillx/base/unicode.hpp"

#include "blobs.hpp"
#include "sql.hpp"
#include "text.hpp"

#include <algorithm>

namespace surveillx::store {

namespace {

constexpr std::string_view kPersonColumns =
    "p.id, p.name, p.external_id, p.group_name, p.created_at";
constexpr std::size_t kPersonColumnCount = 5;
constexpr std::string_view kCountColumns =
    ", (select count(*) from photo f where f.person_id = p.id and f.status = 'accepted')"
    ", (select count(*) from photo f where f.person_id = p.id and f.status = 'pending')"
    ", (select count(*) from photo f where f.person_id = p.id and f.status = 'refused')";

domain::Person person_of(const Row& row) {
  return {.id = row.id<PersonId>(0),
          .name = row.text(1),
          .external_id = row.text(2),
          .group = row.text(3),
          .created_at = row.time(4)};
}

PersonSummary summary_of(const Row& row) {
  return {person_of(row),
          {.accepted = row.integer(5), .pending = row.integer(6), .refused = row.integer(7)}};
}

std::string select(std::string_view columns, std::string_view rest) {
  return "select " + std::string(columns) + " from person p where p.removed_at is null " +
         std::string(rest);
}

Result<NewPerson> cleaned(const NewPerson& person) {
  auto name = clean_text(person.name, "the name", 200, false);
  if (!name) return name.error();
  auto external_id = clean_text(person.external_id, "the external id", 100, true);
  if (!external_id) return external_id.error();
  auto group = clean_text(person.group, "the group", 100, true);
  if (!group) return group.error();
  return NewPerson{std::move(*name), std::move(*external_id), std::move(*group)};
}

Result<void> external_id_is_free(Connection& db, const std::string& external_id,
                                 const PersonId& except) {
  if (external_id.empty()) return {};
  const auto holder =
      db.first(2, select("p.id, p.name", "and p.external_id = :external_id and p.id <> :id"),
               {{"external_id", external_id}, {"id", except}});
  if (!holder) return {};
  return Error{kAlreadyExists,
               "the external id " + external_id + " is " + holder->text(1) + "'s already"};
}

/// `name_key` NUL-free and id of the last row, as hexadecimal text.
std::string cursor_after(const domain::Person& last) {
  return hex_encode(as_bytes(last.id.str() + fold_case(last.name)));
}

struct Position {
  std::string name_key;
  std::string id;
};

Result<Position> parse_cursor(const std::string& cursor) {
  constexpr std::size_t kIdLength = 36;
  const Error bad{kInvalidArgument, "the cursor is not one of ours"};
  if (cursor.empty()) return Position{};
  const auto bytes = hex_decode(cursor);
  if (!bytes || bytes->size() < kIdLength) return bad;
  const std::string text(bytes->begin(), bytes->end());
  Position position{.name_key = text.substr(kIdLength), .id = text.substr(0, kIdLength)};
  if (!is_uuid(position.id) || fold_case(position.name_key) != position.name_key ||
      !clean_text(position.name_key, "the cursor", 1000, true)) {
    return bad;
  }
  return position;
}

}  // namespace

Result<domain::Person> People::create(const NewPerson& person,
                                      const std::vector<AcceptedPhoto>& photos, VectorsSeen seen) {
  const auto clean = cleaned(person);
  if (!clean) return clean.error();
  const domain::Person created{.id = PersonId::random(),
                               .name = clean->name,
                               .external_id = clean->external_id,
                               .group = clean->group,
                               .created_at = context_->clock->now()};
  std::vector<SealedPhoto> sealed;
  sealed.reserve(photos.size());
  for (const auto& photo : photos) sealed.push_back(seal_photo(*context_, created.id, photo));

  return write(context_, [&](Connection& db) -> Result<domain::Person> {
    if (photos.empty()) {
      bump(db, Revised::gallery);
    } else if (auto unchanged = bump_vectors(db, seen); !unchanged) {
      return unchanged.error();
    }
    if (auto free = external_id_is_free(db, created.external_id, created.id); !free) {
      return free.error();
    }
    db.execute(
        "insert into person (id, name, name_key, external_id, external_key, group_name, created_at)"
        " values (:id, :name, :name_key, :external_id, :external_key, :group_name, :created_at)",
        {{"id", created.id},
         {"name", created.name},
         {"name_key", fold_case(created.name)},
         {"external_id", created.external_id},
         {"external_key", fold_case(created.external_id)},
         {"group_name", created.group},
         {"created_at", created.created_at}});
    for (const auto& photo : sealed) insert_photo(db, photo);
    return created;
  });
}

Result<domain::Person> People::find(const PersonId& id) {
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<domain::Person> {
    const auto row =
        db.first(kPersonColumnCount, select(kPersonColumns, "and p.id = :id"), {{"id", id}});
    if (!row) return no_such_person();
    return person_of(*row);
  });
}

Result<PersonSummary> People::find_summary(const PersonId& id) {
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<PersonSummary> {
    const auto row =
        db.first(kPersonColumnCount + 3,
                 select(std::string(kPersonColumns) + std::string(kCountColumns), "and p.id = :id"),
                 {{"id", id}});
    if (!row) return no_such_person();
    return summary_of(*row);
  });
}

Result<std::vector<domain::Person>> People::find_by(std::string_view name_or_external_id) {
  const auto wanted = clean_text(name_or_external_id, "the name", 200, false);
  if (!wanted) return wanted.error();
  return run(*context_->database, Mode::single,
             [&](Connection& db) -> Result<std::vector<domain::Person>> {
               std::vector<domain::Person> people;
               for (const auto& row :
                    db.query(kPersonColumnCount,
                             select(kPersonColumns,
                                    "and (p.name = :name or p.external_id = :external_id)"
                                    " order by p.created_at, p.id"),
                             {{"name", *wanted}, {"external_id", *wanted}})) {
                 people.push_back(person_of(row));
               }
               return people;
             });
}

Result<PeoplePage> People::list(const PeopleQuery& query) {
  const auto position = parse_cursor(query.cursor);
  if (!position) return position.error();
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, 500);
  const std::string search = like_pattern(fold_case(query.search));
  const std::string group = unicode::composed(tolerant_text(query.group, 1000));
  return read(context_, [&](Connection& db) -> Result<PeoplePage> {
    // One row more than asked for tells whether there is another page.
    const auto rows = db.query(
        kPersonColumnCount + 3,
        select(std::string(kPersonColumns) + std::string(kCountColumns),
               "and (p.name_key > :name_key or (p.name_key = :same_key and p.id > :id))"
               " and (p.name_key like :search escape '\\' or p.external_key like :search2 escape "
               "'\\')"
               " and (:any_group = '' or p.group_name = :group_name)"
               " order by p.name_key, p.id limit :max_rows"),
        {{"name_key", position->name_key},
         {"same_key", position->name_key},
         {"id", position->id},
         {"search", search},
         {"search2", search},
         {"any_group", group},
         {"group_name", group},
         {"max_rows", static_cast<std::int64_t>(limit + 1)}});
    PeoplePage page;
    for (const auto& row : rows) {
      if (page.people.size() == limit) {
        page.next_cursor = cursor_after(page.people.back().person);
        break;
      }
      page.people.push_back(summary_of(row));
    }
    return page;
  });
}

Result<domain::Person> People::update(const PersonId& id, const NewPerson& person) {
  const auto clean = cleaned(person);
  if (!clean) return clean.error();
  return write(context_, [&](Connection& db) -> Result<domain::Person> {
    bump(db, Revised::gallery);
    if (auto free = external_id_is_free(db, clean->external_id, id); !free) return free.error();
    const auto changed = db.execute(
        "update person set name = :name, name_key = :name_key, external_id = :external_id,"
        " external_key = :external_key, group_name = :group_name"
        " where id = :id and removed_at is null",
        {{"name", clean->name},
         {"name_key", fold_case(clean->name)},
         {"external_id", clean->external_id},
         {"external_key", fold_case(clean->external_id)},
         {"group_name", clean->group},
         {"id", id}});
    if (changed == 0) return no_such_person();
    return person_of(
        *db.first(kPersonColumnCount, select(kPersonColumns, "and p.id = :id"), {{"id", id}}));
  });
}

Result<std::vector<std::string>> People::groups() {
  return run(*context_->database, Mode::single,
             [&](Connection& db) -> Result<std::vector<std::string>> {
               std::vector<std::string> groups;
               for (const auto& row :
                    db.query(1, "select distinct group_name from person where removed_at is null"
                                " and group_name <> '' order by group_name")) {
                 groups.push_back(row.text(0));
               }
               return groups;
             });
}

Result<void> People::remove(const PersonId& id) {
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::vectors);
    const auto removed = db.execute(
        "update person set removed_at = :removed_at where id = :id and removed_at is null",
        {{"removed_at", context_->clock->now()}, {"id", id}});
    if (removed == 0) return no_such_person();
    db.execute("delete from embedding where person_id = :id", {{"id", id}});
    db.execute("delete from photo where person_id = :id", {{"id", id}});
    db.execute("update photo set like_person = '' where like_person = :id", {{"id", id}});
    db.execute(
        "delete from sighting_snapshot where sighting_id in"
        " (select s.id from sighting s where s.person_id = :id)",
        {{"id", id}});
    return {};
  });
}

}  // namespace surveillx::store
