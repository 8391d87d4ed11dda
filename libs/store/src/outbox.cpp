#include "surveillx/store/outbox.hpp"

#include "surveillx/base/clock.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace surveillx::store {

namespace {

constexpr const char* kColumns =
    "sequence, sighting_id, person_id, camera_id, seen_at, kind, confidence, distance, model, "
    "snapshot";

Error sqlite_error(sqlite3* db, int code, const std::string& file) {
  const std::string text = db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
  if ((code & 0xff) == SQLITE_FULL) {
    return {kOutboxFull, "outbox " + file + ": the disk is full; make room, nothing is lost"};
  }
  const bool damaged = (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT;
  return {kOutboxUnavailable, "outbox " + file + ": " + text +
                                  (damaged ? "; keep it for a repair, and move it away" : "")};
}

/// A prepared statement, finalised at the end of its scope. Binding and stepping errors surface in
/// `step`, whose code the caller looks at.
class Statement {
 public:
  Statement(sqlite3* db, const std::string& sql) {
    code_ = sqlite3_prepare_v2(db, sql.c_str(), -1, &handle_, nullptr);
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t value) { return note(sqlite3_bind_int64(handle_, next(), value)); }
  Statement& bind(double value) { return note(sqlite3_bind_double(handle_, next(), value)); }
  Statement& bind(std::string_view text) {
    return note(sqlite3_bind_text64(handle_, next(), text.data(), text.size(), SQLITE_TRANSIENT,
                                    SQLITE_UTF8));
  }
  Statement& bind(ByteView bytes) {
    // An empty view may have a null pointer, which would bind NULL.
    static constexpr std::uint8_t kNothing = 0;
    return note(sqlite3_bind_blob64(handle_, next(), bytes.empty() ? &kNothing : bytes.data(),
                                    bytes.size(), SQLITE_TRANSIENT));
  }
  /// SQLITE_ROW, SQLITE_DONE or an error.
  int step() { return code_ != SQLITE_OK ? code_ : sqlite3_step(handle_); }

  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(handle_, column);
  }
  [[nodiscard]] double real(int column) const { return sqlite3_column_double(handle_, column); }
  [[nodiscard]] std::string text(int column) const {
    const auto* data = sqlite3_column_text(handle_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    return data == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(data), size);
  }
  [[nodiscard]] Bytes bytes(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    return data == nullptr ? Bytes() : Bytes(data, data + size);
  }

 private:
  int next() { return ++parameter_; }
  Statement& note(int code) {
    if (code_ == SQLITE_OK) code_ = code;
    return *this;
  }

  sqlite3_stmt* handle_ = nullptr;
  int code_ = SQLITE_OK;
  int parameter_ = 0;
};

OutboxEntry entry_of(const Statement& row) {
  // `trusted`: a damaged row must come out, so that delivery can refuse it and set it aside.
  return {.sequence = row.integer(0),
          .sighting = {.id = SightingId::trusted(row.text(1)),
                       .person_id = PersonId::trusted(row.text(2)),
                       .camera_id = CameraId::trusted(row.text(3)),
                       .at = from_millis(row.integer(4)),
                       .kind = domain::parse_sighting_kind(row.text(5))
                                   .value_or(domain::SightingKind::periodic),
                       .confidence = row.real(6),
                       .distance = row.real(7),
                       .model = row.text(8)},
          .sealed_snapshot = row.bytes(9)};
}

}  // namespace

struct Outbox::Impl {
  ~Impl() {
    sqlite3_close_v2(db);
    if (lock_fd >= 0) ::close(lock_fd);
  }

  Result<void> execute(const std::string& sql) {
    const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_error(db, code, file);
    return {};
  }
  Result<std::size_t> count(const char* table) {
    Statement statement(db, std::string("select count(*) from ") + table);
    const int code = statement.step();
    if (code != SQLITE_ROW) return sqlite_error(db, code, file);
    return static_cast<std::size_t>(statement.integer(0));
  }
  /// Runs `body` in a transaction; rolls back on an error.
  template <class Body>
  Result<void> transaction(Body body) {
    if (auto begun = execute("begin immediate"); !begun) return begun.error();
    Result<void> done = body();
    if (done) done = execute("commit");
    if (!done && sqlite3_get_autocommit(db) == 0) (void)execute("rollback");
    return done;
  }

  std::string file;
  int lock_fd = -1;
  sqlite3* db = nullptr;
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
  const int created = ::open(impl->file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (created >= 0) ::close(created);
  const int opened = sqlite3_open_v2(impl->file.c_str(), &impl->db,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (opened != SQLITE_OK) return sqlite_error(impl->db, opened, impl->file);
  sqlite3_extended_result_codes(impl->db, 1);

  for (const char* sql : {
           "pragma locking_mode = exclusive",
           "pragma journal_mode = wal",
           "pragma synchronous = full",
           "pragma secure_delete = on",
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
  if (options.max_bytes > 0) {
    Statement page_size(impl->db, "pragma page_size");
    if (page_size.step() == SQLITE_ROW) {
      (void)impl->execute("pragma max_page_count = " +
                          std::to_string(options.max_bytes / page_size.integer(0) + 1));
    }
  }
  const auto waiting = impl->count("entry");
  const auto dead = impl->count("dead_letter");
  if (!waiting) return waiting.error();
  if (!dead) return dead.error();
  impl->waiting = *waiting;
  impl->dead = *dead;
  return std::shared_ptr<Outbox>(new Outbox(std::move(impl)));
}

Result<void> Outbox::append(const domain::Sighting& sighting, ByteView sealed_snapshot) {
  const std::lock_guard lock(impl_->mutex);
  Statement insert(impl_->db,
                   "insert into entry (sighting_id, person_id, camera_id, seen_at, kind,"
                   " confidence, distance, model, snapshot) values (?,?,?,?,?,?,?,?,?)"
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
                       .step();
  if (code != SQLITE_DONE) return sqlite_error(impl_->db, code, impl_->file);
  impl_->waiting += static_cast<std::size_t>(sqlite3_changes(impl_->db));
  return {};
}

Result<std::vector<OutboxEntry>> Outbox::peek(std::size_t limit) {
  const std::lock_guard lock(impl_->mutex);
  Statement select(impl_->db,
                   std::string("select ") + kColumns + " from entry order by sequence limit ?");
  select.bind(static_cast<std::int64_t>(limit));
  std::vector<OutboxEntry> entries;
  int code = SQLITE_OK;
  while ((code = select.step()) == SQLITE_ROW) entries.push_back(entry_of(select));
  if (code != SQLITE_DONE) return sqlite_error(impl_->db, code, impl_->file);
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
      if (code != SQLITE_DONE) return sqlite_error(impl_->db, code, impl_->file);
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
    Statement copy(impl_->db, std::string("insert into dead_letter (") + kColumns +
                                  ", reason, set_aside_at) select " + kColumns +
                                  ", ?, ? from entry where sequence = ?");
    int code = copy.bind(reason).bind(to_millis(system_clock().now())).bind(sequence).step();
    if (code == SQLITE_DONE) {
      moved = static_cast<std::size_t>(sqlite3_changes(impl_->db));
      Statement remove(impl_->db, "delete from entry where sequence = ?");
      code = remove.bind(sequence).step();
    }
    if (code != SQLITE_DONE) return sqlite_error(impl_->db, code, impl_->file);
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
  Statement select(impl_->db, std::string("select ") + kColumns +
                                  ", reason, set_aside_at from dead_letter order by sequence");
  std::vector<DeadLetter> letters;
  int code = SQLITE_OK;
  while ((code = select.step()) == SQLITE_ROW) {
    letters.push_back({entry_of(select), select.text(10), from_millis(select.integer(11))});
  }
  if (code != SQLITE_DONE) return sqlite_error(impl_->db, code, impl_->file);
  return letters;
}

std::size_t Outbox::size() const { return impl_->waiting; }
std::size_t Outbox::dead_letter_count() const { return impl_->dead; }

}  // namespace surveillx::store
