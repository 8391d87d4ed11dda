#include "text_keys.hpp"

#include "surveillx/base/unicode.hpp"

#include "sql.hpp"
#include "text.hpp"

namespace surveillx::store {

namespace {

constexpr const char* kSetting = "text_keys";
constexpr const char* kForm = "nfkc_casefold";

Result<bool> is_renewed(Connection& db) {
  const auto row = db.first(1, "select value from setting where name = :name", {{"name", kSetting}});
  return row && row->text(0) == kForm;
}

void renew(Connection& db, const Row& person) {
  const std::string& id = person.text(0);
  std::string external_id = unicode::composed(person.text(2));
  // Two numbers that differ in spelling alone stay two: whose it is only people know.
  const bool taken =
      external_id != person.text(2) &&
      db.first(1, "select id from person where external_id = :external_id and id <> :id",
               {{"external_id", external_id}, {"id", id}});
  if (taken) external_id = person.text(2);
  const std::string name = unicode::composed(person.text(1));
  db.execute(
      "update person set name = :name, name_key = :name_key, external_id = :external_id,"
      " external_key = :external_key, group_name = :group_name where id = :id",
      {{"name", name},
       {"name_key", fold_case(name)},
       {"external_id", external_id},
       {"external_key", fold_case(external_id)},
       {"group_name", unicode::composed(person.text(3))},
       {"id", id}});
}

}  // namespace

Result<void> renew_text_keys(const ContextPtr& context) {
  const auto renewed = run(*context->database, Mode::single, is_renewed);
  if (!renewed) return renewed.error();
  if (*renewed) return {};
  return write(context, [](Connection& db) -> Result<void> {
    bump(db, Revised::gallery);
    if (*is_renewed(db)) return {};
    for (const Row& person : db.query(4, "select id, name, external_id, group_name from person")) {
      renew(db, person);
    }
    // User names were ASCII until now, whose keys stay as they are.
    db.execute(
        "insert into setting (name, value) values (:name, :value)"
        " on conflict (name) do update set value = excluded.value",
        {{"name", kSetting}, {"value", kForm}});
    return {};
  });
}

}  // namespace surveillx::store
