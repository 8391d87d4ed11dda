#include "surveillx/store/outbox.hpp"

#include "surveillx/base/clock.hpp"

#include "files.hpp"
#include "outbox_sql.hpp"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace surveillx::store {

struct Outbox::Impl : OutboxConnection {
  ~Impl() {
    // The lock last: the next media may open the file from then on.
    sqlite3_close_v2(std::exchange(db, nullptr));
    if (lock_fd >= 0) ::close(lock_fd);
  }

  /// Counts anew what waits and what is dead.
  Result<void> recount() {
    const auto version = number("pragma data_version");
    const auto entries = number("select count(*) from entry");
    const auto letters = number("select count(*) from dead_letter");
    if (!version) return version.error();
    if (!entries) return entries.error();
    if (!letters) return letters.error();
    data_version = *version;
    waiting = static_cast<std::size_t>(*entries);
    dead = static_cast<std::size_t>(*letters);
    return {};
  }

  int lock_fd = -1;
  std::int64_t data_version = 0;
  mutable std::mutex mutex;
  std::atomic<std::size_t> waiting{0};
  std::atomic<std::size_t> dead{0};
};

Outbox::Outbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Outbox::~Outbox() = default;

Result<std::shared_ptr<Outbox>> Outbox::open(const std::filesystem::path& file,
                                             const OutboxOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->file = file.string();
  std::error_code code;
  if (file.has_parent_path() && std::filesystem::create_directories(file.parent_path(), code)) {
    std::filesystem::permissions(file.parent_path(), std::filesystem::perms::owner_all, code);
  }
  // A lock file beside it, since the database itself is locked only while it is written.
  const std::string lock_file = impl->file + ".lock";
  impl->lock_fd = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (impl->lock_fd < 0) {
    return Error{kOutboxUnavailable, "outbox " + impl->file + " cannot be opened: " +
                                         std::generic_category().message(errno)};
  }
  if (::flock(impl->lock_fd, LOCK_EX | LOCK_NB) != 0) {
    return Error{kOutboxInUse, "outbox " + impl->file +
                                   " is in use by another process; one `surveillx media` per data "
                                   "directory"};
  }
  // A failure shows in the next line, in SQLite's words.
  (void)make_private_file(file);
  if (auto opened = impl->open_existing(impl->file); !opened) return opened.error();

  for (const char* sql : {
           // Not exclusive: `surveillx outbox` looks into the file while media runs.
           "pragma journal_mode = wal",
           // Autoincrement: a sequence number never comes back after its entry was removed.
           "create table if not exists entry (sequence integer primary key autoincrement,"
           " sighting_id text not null unique, person_id text not null, camera_id text not null,"
           " seen_at integer not null, kind text not null, confidence real not null,"
           " distance real not null, model text not null, snapshot blob not null)",
           "create table if not exists dead_letter (sequence integer primary key,"
           " sighting_id text not null, person_id text not null, camera_id text not null,"
           " seen_at integer not null, kind text not null, confidence real not null,"
           " distance real not null, model text not null, snapshot blob not null,"
           " reason text not null, set_aside_at integer not null)",
       }) {
    if (auto done = impl->execute(sql); !done) return done.error();
  }
  // Files of earlier versions have no such column.
  for (const char* table : {"entry", "dead_letter"}) {
    const auto there = impl->number(std::string("select count(*) from pragma_table_info('") + table +
                                    "') where name = 'clock_epoch'");
    if (!there) return there.error();
    if (*there > 0) continue;
    if (auto added = impl->execute(std::string("alter table ") + table +
                                   " add column clock_epoch text not null default ''");
        !added) {
      return added.error();
    }
  }
  if (options.max_bytes > 0) {
    if (const auto page_size = impl->number("pragma page_size")) {
      (void)impl->execute("pragma max_page_count = " +
                          std::to_string(options.max_bytes / *page_size + 1));
    }
  }
  if (auto counted = impl->recount(); !counted) return counted.error();
  return std::shared_ptr<Outbox>(new Outbox(std::move(impl)));
}

Result<void> Outbox::append(const domain::Sighting& sighting, ByteView sealed_snapshot,
                            std::string_view clock_epoch) {
  const std::lock_guard lock(impl_->mutex);
  Statement insert(impl_->db,
                   "insert into entry (sighting_id, person_id, camera_id, seen_at, kind,"
                   " confidence, distance, model, snapshot, clock_epoch)"
                   " values (?,?,?,?,?,?,?,?,?,?)"
                   " on conflict (sighting_id) do nothing");
  // One statement is one transaction: when step() says done, the WAL has been synced.
  const int code = insert.bind(sighting.id.str())
                       .bind(sighting.person_id.str())
                       .bind(sighting.camera_id.str())
                       .bind(to_millis(sighting.at))
                       .bind(domain::to_string(sighting.kind))
                       .bind(sighting.confidence)
                       .bind(sighting.distance)
                       .bind(sighting.model)
                       .bind(sealed_snapshot)
                       .bind(clock_epoch)
                       .step();
  if (code != SQLITE_DONE) return impl_->error(code);
  impl_->waiting += static_cast<std::size_t>(sqlite3_changes(impl_->db));
  return {};
}

Result<std::vector<OutboxEntry>> Outbox::peek(std::size_t limit) {
  const std::lock_guard lock(impl_->mutex);
  Statement select(impl_->db,
                   std::string("select ") + kOutboxColumns + " from entry order by sequence limit ?");
  select.bind(static_cast<std::int64_t>(limit));
  std::vector<OutboxEntry> entries;
  int code = SQLITE_OK;
  while ((code = select.step()) == SQLITE_ROW) entries.push_back(outbox_entry_of(select));
  if (code != SQLITE_DONE) return impl_->error(code);
  return entries;
}

Result<void> Outbox::acknowledge(std::span<const std::int64_t> sequences) {
  if (sequences.empty()) return {};
  const std::lock_guard lock(impl_->mutex);
  std::size_t removed = 0;
  auto done = impl_->transaction([&]() -> Result<void> {
    for (const auto sequence : sequences) {
      Statement remove(impl_->db, "delete from entry where sequence = ?");
      const int code = remove.bind(sequence).step();
      if (code != SQLITE_DONE) return impl_->error(code);
      removed += static_cast<std::size_t>(sqlite3_changes(impl_->db));
    }
    return {};
  });
  if (done) impl_->waiting -= removed;
  return done;
}

Result<void> Outbox::set_aside(std::int64_t sequence, std::string_view reason) {
  const std::lock_guard lock(impl_->mutex);
  std::size_t moved = 0;
  auto done = impl_->transaction([&]() -> Result<void> {
    Statement copy(impl_->db, std::string("insert into dead_letter (") + kOutboxColumns +
                                  ", reason, set_aside_at) select " + kOutboxColumns +
                                  ", ?, ? from entry where sequence = ?");
    int code = copy.bind(reason).bind(to_millis(system_clock().now())).bind(sequence).step();
    if (code == SQLITE_DONE) {
      moved = static_cast<std::size_t>(sqlite3_changes(impl_->db));
      Statement remove(impl_->db, "delete from entry where sequence = ?");
      code = remove.bind(sequence).step();
    }
    if (code != SQLITE_DONE) return impl_->error(code);
    return {};
  });
  if (done) {
    impl_->waiting -= moved;
    impl_->dead += moved;
  }
  return done;
}

Result<std::vector<DeadLetter>> Outbox::dead_letters() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->dead_letters();
}

Result<std::vector<PersonId>> Outbox::people_of_dead_letters() {
  const std::lock_guard lock(impl_->mutex);
  Statement select(impl_->db, "select distinct person_id from dead_letter order by person_id");
  std::vector<PersonId> people;
  int code = SQLITE_OK;
  while ((code = select.step()) == SQLITE_ROW) people.push_back(PersonId::trusted(select.text(0)));
  if (code != SQLITE_DONE) return impl_->error(code);
  return people;
}

Result<std::size_t> Outbox::forget_dead_letters_of(const PersonId& person) {
  const std::lock_guard lock(impl_->mutex);
  Statement remove(impl_->db, "delete from dead_letter where person_id = ?");
  const int code = remove.bind(person.str()).step();
  if (code != SQLITE_DONE) return impl_->error(code);
  const auto removed = static_cast<std::size_t>(sqlite3_changes(impl_->db));
  impl_->dead -= removed;
  if (removed > 0) impl_->forget_deleted();
  return removed;
}

Result<bool> Outbox::refresh() {
  const std::lock_guard lock(impl_->mutex);
  const auto version = impl_->number("pragma data_version");
  if (!version) return version.error();
  if (*version == impl_->data_version) return false;
  if (auto counted = impl_->recount(); !counted) return counted.error();
  return true;
}

std::size_t Outbox::size() const { return impl_->waiting; }
std::size_t Outbox::dead_letter_count() const { return impl_->dead; }

}  // namespace surveillx::store
