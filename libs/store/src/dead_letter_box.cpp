#include "surveillx/store/dead_letter_box.hpp"

#include "surveillx/base/log.hpp"

#include "outbox_sql.hpp"

#include <fstream>
#include <string>
#include <sys/stat.h>
#include <system_error>

namespace surveillx::store {

struct DeadLetterBox::Impl : OutboxConnection {
  /// Runs `statement` (with one parameter, a sighting's id) for each and sums the changed rows.
  Result<std::size_t> change_each(std::span<const SightingId> sightings, const char* statement,
                                  const char* before = nullptr) {
    std::size_t changed = 0;
    const auto done = transaction([&]() -> Result<void> {
      for (const auto& id : sightings) {
        for (const char* sql : {before, statement}) {
          if (sql == nullptr) continue;
          Statement prepared(db, sql);
          if (const int code = prepared.bind(id.str()).step(); code != SQLITE_DONE) {
            return error(code);
          }
        }
        changed += static_cast<std::size_t>(sqlite3_changes(db));
      }
      return {};
    });
    if (!done) return done.error();
    if (changed > 0) forget_deleted();
    return changed;
  }
};

DeadLetterBox::DeadLetterBox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DeadLetterBox::~DeadLetterBox() = default;

Result<std::unique_ptr<DeadLetterBox>> DeadLetterBox::open(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) {
    return Error{kNotFound, "there is no outbox " + file.string() +
                                ": media has not run with this data directory"};
  }
  auto impl = std::make_unique<Impl>();
  if (auto opened = impl->open_existing(file.string()); !opened) return opened.error();
  return std::unique_ptr<DeadLetterBox>(new DeadLetterBox(std::move(impl)));
}

Result<std::size_t> DeadLetterBox::waiting() {
  const auto count = impl_->number("select count(*) from entry");
  if (!count) return count.error();
  return static_cast<std::size_t>(*count);
}

Result<std::vector<DeadLetter>> DeadLetterBox::letters() { return impl_->dead_letters(); }

Result<std::size_t> DeadLetterBox::retry(std::span<const SightingId> sightings) {
  return impl_->change_each(
      sightings, "delete from dead_letter where sighting_id = ?",
      "insert into entry (sighting_id, person_id, camera_id, seen_at, kind, confidence, distance,"
      " model, snapshot, clock_epoch) select sighting_id, person_id, camera_id, seen_at, kind, confidence,"
      " distance, model, snapshot, clock_epoch from dead_letter where sighting_id = ?"
      " on conflict (sighting_id) do nothing");
}

Result<std::size_t> DeadLetterBox::purge(std::span<const SightingId> sightings) {
  return impl_->change_each(sightings, "delete from dead_letter where sighting_id = ?");
}

bool DeadLetterBox::media_runs() const {
  // Asking by taking the lock, however shortly, could refuse a media that starts at this moment.
  struct stat lock_file {};
  if (::stat((impl_->file + ".lock").c_str(), &lock_file) != 0) return false;
  const std::string inode = ":" + std::to_string(lock_file.st_ino) + " ";
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find(" FLOCK ") != std::string::npos && line.find(inode) != std::string::npos) {
      return true;
    }
  }
  return false;
}

Result<std::size_t> forget_removed_people(Outbox& outbox, People& people) {
  const auto waiting = outbox.people_of_dead_letters();
  if (!waiting) return waiting.error();
  std::size_t forgotten = 0;
  for (const auto& person : *waiting) {
    const auto found = people.find(person);
    if (found) continue;
    if (!found.error().is(kNotFound)) return found.error();
    const auto removed = outbox.forget_dead_letters_of(person);
    if (!removed) return removed.error();
    forgotten += *removed;
  }
  if (forgotten > 0) log::info("outbox.removed_people_forgotten", {{"dead_letters", forgotten}});
  return forgotten;
}

}  // namespace surveillx::store
