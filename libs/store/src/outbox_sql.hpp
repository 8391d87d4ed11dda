#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/store/outbox.hpp"

#include <sqlite3.h>

#include <string>
#include <utility>

/// What media, which fills and drains the outbox, and a command that looks into it beside media have
/// in common. The main database goes through SOCI; this file has needs of its own (docs/adr/0006).
namespace surveillx::store {

inline constexpr const char* kOutboxColumns =
    "sequence, sighting_id, person_id, camera_id, seen_at, kind, confidence, distance, model, "
    "snapshot, clock_epoch";

inline Error outbox_error(sqlite3* db, int code, const std::string& file) {
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
    // An empty view may have a null pointer, which would bind NULL.
    return note(sqlite3_bind_text64(handle_, next(), text.empty() ? "" : text.data(), text.size(),
                                    SQLITE_TRANSIENT, SQLITE_UTF8));
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

inline OutboxEntry outbox_entry_of(const Statement& row) {
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
          .sealed_snapshot = row.bytes(9),
          .clock_epoch = row.text(10)};
}

/// A connection and its file's name, for error messages. Not thread-safe.
struct OutboxConnection {
  OutboxConnection() = default;
  ~OutboxConnection() { sqlite3_close_v2(db); }
  OutboxConnection(const OutboxConnection&) = delete;
  OutboxConnection& operator=(const OutboxConnection&) = delete;

  /// Opens a file that exists. Another process may have it open as well: each waits for the other's
  /// short transactions.
  Result<void> open_existing(const std::string& path) {
    file = path;
    const int opened =
        sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    if (opened != SQLITE_OK) return error(opened);
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, 5'000);
    for (const char* sql : {"pragma synchronous = full", "pragma secure_delete = on"}) {
      if (auto done = execute(sql); !done) return done;
    }
    return {};
  }
  [[nodiscard]] Error error(int code) const { return outbox_error(db, code, file); }
  Result<void> execute(const std::string& sql) const {
    const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error(code);
    return {};
  }
  Result<std::int64_t> number(const std::string& sql) const {
    Statement statement(db, sql);
    const int code = statement.step();
    if (code != SQLITE_ROW) return error(code);
    return statement.integer(0);
  }
  /// Runs `body` in a transaction; rolls back on an error.
  template <class Body>
  Result<void> transaction(Body body) const {
    if (auto begun = execute("begin immediate"); !begun) return begun.error();
    Result<void> done = body();
    if (done) done = execute("commit");
    if (!done && sqlite3_get_autocommit(db) == 0) (void)execute("rollback");
    return done;
  }
  /// What was deleted is overwritten in the pages, but the log beside the file still holds the pages
  /// as they were.
  void forget_deleted() const { (void)execute("pragma wal_checkpoint(truncate)"); }

  Result<std::vector<DeadLetter>> dead_letters() const {
    Statement select(db, std::string("select ") + kOutboxColumns +
                             ", reason, set_aside_at from dead_letter order by sequence");
    std::vector<DeadLetter> letters;
    int code = SQLITE_OK;
    while ((code = select.step()) == SQLITE_ROW) {
      letters.push_back({outbox_entry_of(select), select.text(11), from_millis(select.integer(12))});
    }
    if (code != SQLITE_DONE) return error(code);
    return letters;
  }

  std::string file;
  sqlite3* db = nullptr;
};

}  // namespace surveillx::store
