#include "migrations.hpp"

namespace surveillx::store {

const std::vector<std::vector<std::string_view>>& migrations() {
  // Times are Unix milliseconds in `bigint`: SOCI takes SQLite's `integer` for 32 bits.
  static const std::vector<std::vector<std::string_view>> kMigrations{
      {
          "create table setting (name text primary key, value text not null)",

          "create table revision (id bigint primary key check (id = 1),"
          " gallery bigint not null, cameras bigint not null, access bigint not null)",
          "insert into revision (id, gallery, cameras, access) values (1, 1, 1, 1)",

          // A removed person keeps a bare row, so that past attendance still has a name.
          "create table person (id text primary key, name text not null,"
          " name_key {key text} not null, external_id text not null, external_key text not null,"
          " group_name text not null, created_at bigint not null, removed_at bigint)",
          "create unique index person_external_id on person (external_id)"
          " where external_id <> '' and removed_at is null",
          "create index person_order on person (name_key, id) where removed_at is null",

          "create table photo (id text primary key,"
          " person_id text not null references person (id), file_name text not null,"
          " status text not null check (status in ('pending', 'accepted', 'refused')),"
          " reason text not null, model text not null, bytes {blob} not null,"
          " created_at bigint not null, claimed_by text, claimed_until bigint)",
          "create index photo_person on photo (person_id)",
          "create index photo_pending on photo (created_at, id) where status = 'pending'",

          "create table embedding (photo_id text not null references photo (id) on delete cascade,"
          " person_id text not null references person (id), model text not null,"
          " vector {blob} not null, primary key (photo_id, model))",
          "create index embedding_model on embedding (model)",
          "create index embedding_person on embedding (person_id)",

          "create table camera (id text primary key, number bigint not null unique,"
          " name text not null unique, token_hash text not null unique,"
          " created_at bigint not null)",

          "create table user_account (id text primary key, username text not null,"
          " username_key {key text} not null unique,"
          " role text not null check (role in ('viewer', 'operator', 'admin')),"
          " password_hash text not null, created_at bigint not null)",

          "create table web_session (id text primary key,"
          " user_id text not null references user_account (id) on delete cascade,"
          " created_at bigint not null, last_used_at bigint not null,"
          " expires_at bigint not null)",
          "create index web_session_user on web_session (user_id)",
          "create index web_session_expiry on web_session (expires_at)",

          // No reference to the camera: sightings outlive it.
          "create table sighting (id text primary key,"
          " person_id text not null references person (id), camera_id text not null,"
          " seen_at bigint not null, day text not null, kind text not null,"
          " confidence double precision not null, distance double precision not null,"
          " model text not null, recorded_at bigint not null)",
          "create index sighting_person on sighting (person_id, seen_at)",
          "create index sighting_time on sighting (seen_at)",

          "create table sighting_snapshot (sighting_id text primary key"
          " references sighting (id) on delete cascade, bytes {blob} not null)",

          "create table attendance_record ("
          " person_id text not null references person (id), day {key text} not null,"
          " first_seen bigint not null, last_seen bigint not null, sightings bigint not null,"
          " status text not null, unique (person_id, day))",
          "create index attendance_day on attendance_record (day)",
      },
      {
          // Manual corrections lie beside the derived record and keep what it said before.
          "create table correction (id text primary key,"
          " person_id text not null references person (id), day {key text} not null,"
          " original text not null, corrected text not null, note text not null,"
          " changed_by text not null, changed_at bigint not null)",
          "create index correction_day on correction (person_id, day)",
      },
      {
          // How many processes have claimed a pending photo and ended without a verdict, or still
          // look at it: one that ends processes must not do so for ever.
          "alter table photo add column claims bigint not null default 0",

          // What `revision.attendance` was when a record was last changed, made, and derived anew:
          // whoever shows attendance asks for what came after the number it knows.
          "alter table revision add column attendance bigint not null default 1",
          "alter table attendance_record add column changed bigint not null default 0",
          "alter table attendance_record add column made bigint not null default 0",
          "alter table attendance_record add column rebuilt bigint not null default 0",
          "create index attendance_changed on attendance_record (changed)",

          // A sighting's time comes from a clock that may be wrong. The epoch names the run of that
          // clock; what is found out about one lies beside it, and so does which time is believed
          // instead of a sighting's own (none: the sighting does not count).
          "alter table sighting add column clock_epoch text not null default ''",
          "create index sighting_clock on sighting (clock_epoch) where clock_epoch <> ''",
          "create table clock_doubt (epoch text primary key, begins_at bigint not null,"
          " ends_at bigint not null, ahead_ms bigint, noticed_at bigint not null,"
          " reason text not null)",
          "create table sighting_repair (sighting_id text primary key"
          " references sighting (id) on delete cascade, believed_at bigint,"
          " repaired_at bigint not null)",

          // Whom a refused photo is much like, and whether an operator has said that it may be.
          "alter table photo add column like_person text not null default ''",
          "alter table photo add column insisted bigint not null default 0",
          // Grows with the set of vectors alone: what enrolment has compared with is still all.
          "alter table revision add column vectors bigint not null default 1",
      },
  };
  return kMigrations;
}

}  // namespace surveillx::store
