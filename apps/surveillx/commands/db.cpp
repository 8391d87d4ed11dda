#include "commands/command.hpp"
#include "commands/repair_clock.hpp"
#include "commands/site_zone.hpp"
#include "commands/store_access.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <memory>

namespace surveillx::app {
namespace {

void print_key_note(const config::Config& config) {
  std::printf(
      "The keys are not in it: keep a copy of %s in another place.\n"
      "Without it the photos, embeddings and snapshots in the database cannot be read.\n",
      config.security.key_file.c_str());
}

int migrate(const CommonOptions& common) {
  const auto config = load_config(common);
  int before = 0;
  auto present = store::Database::open(database_options(config, store::SchemaPolicy::ignore));
  if (present) {
    before = must((*present)->schema_version());
    present->reset();
  }
  const auto database =
      must(store::Database::open(database_options(config, store::SchemaPolicy::migrate)));
  const int after = must(database->schema_version());
  if (common.json) {
    std::puts(boost::json::serialize(boost::json::object{{"database", database->describe()},
                                                         {"before", before},
                                                         {"schema", after}})
                  .c_str());
  } else if (before == after) {
    std::printf("%s is up to date (schema %d).\n", database->describe().c_str(), after);
  } else {
    std::printf("%s: schema %d -> %d.\n", database->describe().c_str(), before, after);
  }
  return kDone;
}

int check(const CommonOptions& common) {
  const auto config = load_config(common);
  const auto database =
      must(store::Database::open(database_options(config, store::SchemaPolicy::ignore)));
  must(database->check_integrity());
  // Opening the store compares the key file with the one the database was written with.
  const auto keys = must(setup::load_keys(config));
  must(store::Store::open(database_options(config, store::SchemaPolicy::require_current), keys));
  const int version = must(database->schema_version());
  if (common.json) {
    std::puts(boost::json::serialize(boost::json::object{{"database", database->describe()},
                                                         {"schema", version},
                                                         {"ok", true}})
                  .c_str());
  } else {
    std::printf("%s is sound (schema %d), and the key file is the right one.\n",
                database->describe().c_str(), version);
  }
  return kDone;
}

int rezone(const CommonOptions& common) {
  const auto config = load_config(common);
  const auto keys = must(setup::load_keys(config));
  const auto store = must(
      store::Store::open(database_options(config, store::SchemaPolicy::require_current), keys));
  const auto zone = must(attendance::TimeZone::find(config.attendance.timezone));
  const auto report = derive_days_anew(*store, zone, common.json);
  if (common.json) {
    std::puts(boost::json::serialize(boost::json::object{{"timezone", zone.name()},
                                                         {"people", report.people},
                                                         {"sightings", report.sightings},
                                                         {"moved", report.moved},
                                                         {"records", report.records}})
                  .c_str());
  } else {
    std::printf(
        "Days are counted in %s: %lld of %lld sightings belong to another day now.\n"
        "A `surveillx up` that runs shows the new zone once it is started again.\n",
        zone.name().c_str(), static_cast<long long>(report.moved),
        static_cast<long long>(report.sightings));
  }
  return kDone;
}

int backup(const CommonOptions& common, const std::string& file) {
  const auto config = load_config(common);
  must(store::backup_database(database_options(config, store::SchemaPolicy::ignore), file));
  if (!common.json) {
    std::printf("Saved the database to %s.\n", file.c_str());
    print_key_note(config);
  }
  return kDone;
}

int restore(const CommonOptions& common, const std::string& file) {
  const auto config = load_config(common);
  must(store::restore_database(database_options(config, store::SchemaPolicy::ignore), file));
  if (!common.json) {
    std::printf("Restored the database from %s; `surveillx db check` looks it over.\n"
                "Everybody has been signed out.\n",
                file.c_str());
    print_key_note(config);
  }
  return kDone;
}

}  // namespace

void add_db(Registrar& r) {
  CLI::App* db = r.subcommand(
      "db", "Migrate, check, back up or restore the database (keys are kept separately)");
  db->require_subcommand(1);
  r.run(r.subcommand("migrate", "Bring the schema up to date; safe to repeat", db), migrate);
  r.run(r.subcommand("check", "Check schema, structure and key file", db), check);

  r.run(r.subcommand("rezone",
                     "Count all days of attendance anew in attendance.timezone; safe to repeat", db),
        rezone);

  add_repair_clock(r, db);

  const auto file = std::make_shared<std::string>();
  CLI::App* backup_command =
      r.subcommand("backup", "Copy the database to a new file while it is in use", db);
  backup_command->add_option("FILE", *file, "The file to make")->required();
  r.run(backup_command, [file](const CommonOptions& common) { return backup(common, *file); });
  CLI::App* restore_command =
      r.subcommand("restore", "Replace the database by a backup; stop `surveillx up` first", db);
  restore_command->add_option("FILE", *file, "The backup")->required();
  r.run(restore_command, [file](const CommonOptions& common) { return restore(common, *file); });
}

}  // namespace surveillx::app
