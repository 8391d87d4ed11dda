#include "surveillx/store/cameras.hpp"

#include "surveillx/crypto/token.hpp"

#include "sql.hpp"
#include "text.hpp"

namespace surveillx::store {

namespace {

constexpr const char* kLastNumber = "last_camera_number";

domain::Camera camera_of(const Row& row) {
  return {.id = row.id<CameraId>(0),
          .number = row.integer(1),
          .name = row.text(2),
          .created_at = row.time(3)};
}

std::string select(std::string_view rest) {
  return "select id, number, name, created_at from camera " + std::string(rest);
}

Error no_such_camera() { return {kNotFound, "there is no such camera"}; }
Error name_taken(const std::string& name) {
  return {kAlreadyExists, "there is a camera named '" + name + "' already"};
}

Result<domain::Camera> find_one(const ContextPtr& context, std::string_view where,
                                const Param& param) {
  return run(*context->database, Mode::single, [&](Connection& db) -> Result<domain::Camera> {
    const auto row = db.first(4, select(where), {param});
    if (!row) return no_such_camera();
    return camera_of(*row);
  });
}

bool name_is_taken(Connection& db, const std::string& name, const CameraId& except) {
  return db
      .first(1, "select id from camera where name = :name and id <> :id",
             {{"name", name}, {"id", except}})
      .has_value();
}

}  // namespace

Result<CameraWithToken> Cameras::add(std::string_view name) {
  const auto clean = clean_text(name, "the camera's name", 100, false);
  if (!clean) return clean.error();
  CameraWithToken added{.camera = {.id = CameraId::random(),
                                   .number = 0,
                                   .name = *clean,
                                   .created_at = context_->clock->now()},
                        .token = crypto::random_token()};
  return write(context_, [&](Connection& db) -> Result<CameraWithToken> {
    bump(db, Revised::cameras);
    if (name_is_taken(db, *clean, added.camera.id)) return name_taken(*clean);
    // Numbers are never given twice: to a legacy receiver an old number is the old camera.
    const auto last =
        db.first(1, "select value from setting where name = :name", {{"name", kLastNumber}});
    added.camera.number = (last ? last->integer(0) : 0) + 1;
    db.execute(
        "insert into setting (name, value) values (:name, :value)"
        " on conflict (name) do update set value = excluded.value",
        {{"name", kLastNumber}, {"value", std::to_string(added.camera.number)}});
    db.execute(
        "insert into camera (id, number, name, token_hash, created_at)"
        " values (:id, :number, :name, :token_hash, :created_at)",
        {{"id", added.camera.id},
         {"number", added.camera.number},
         {"name", added.camera.name},
         {"token_hash", crypto::token_hash(added.token)},
         {"created_at", added.camera.created_at}});
    return added;
  });
}

Result<std::vector<domain::Camera>> Cameras::list() {
  return run(*context_->database, Mode::single,
             [](Connection& db) -> Result<std::vector<domain::Camera>> {
               std::vector<domain::Camera> cameras;
               for (const auto& row : db.query(4, select("order by number"))) {
                 cameras.push_back(camera_of(row));
               }
               return cameras;
             });
}

Result<domain::Camera> Cameras::find(const CameraId& id) {
  return find_one(context_, "where id = :id", {"id", id});
}

Result<domain::Camera> Cameras::find_by_name(std::string_view name) {
  const auto clean = clean_text(name, "the camera's name", 100, false);
  if (!clean) return clean.error();
  return find_one(context_, "where name = :name", {"name", *clean});
}

Result<domain::Camera> Cameras::find_by_token(std::string_view token) {
  return find_one(context_, "where token_hash = :hash", {"hash", crypto::token_hash(token)});
}

Result<std::unordered_map<CameraId, std::string>> Cameras::token_hashes() {
  using Hashes = std::unordered_map<CameraId, std::string>;
  return run(*context_->database, Mode::single, [](Connection& db) -> Result<Hashes> {
    Hashes hashes;
    for (const auto& row : db.query(2, "select id, token_hash from camera")) {
      hashes.emplace(row.id<CameraId>(0), row.text(1));
    }
    return hashes;
  });
}

Result<void> Cameras::remove(const CameraId& id) {
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::cameras);
    if (db.execute("delete from camera where id = :id", {{"id", id}}) == 0) {
      return no_such_camera();
    }
    return {};
  });
}

Result<domain::Camera> Cameras::rename(const CameraId& id, std::string_view name) {
  const auto clean = clean_text(name, "the camera's name", 100, false);
  if (!clean) return clean.error();
  return write(context_, [&](Connection& db) -> Result<domain::Camera> {
    bump(db, Revised::cameras);
    if (name_is_taken(db, *clean, id)) return name_taken(*clean);
    db.execute("update camera set name = :name where id = :id", {{"name", *clean}, {"id", id}});
    const auto row = db.first(4, select("where id = :id"), {{"id", id}});
    if (!row) return no_such_camera();
    return camera_of(*row);
  });
}

Result<CameraWithToken> Cameras::rotate_token(const CameraId& id) {
  const std::string token = crypto::random_token();
  return write(context_, [&](Connection& db) -> Result<CameraWithToken> {
    bump(db, Revised::cameras);
    db.execute("update camera set token_hash = :hash where id = :id",
               {{"hash", crypto::token_hash(token)}, {"id", id}});
    const auto row = db.first(4, select("where id = :id"), {{"id", id}});
    if (!row) return no_such_camera();
    return CameraWithToken{camera_of(*row), token};
  });
}

}  // namespace surveillx::store
