#include "surveillx/base/log.hpp"

#include "files.hpp"
#include "sql.hpp"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <array>
#include <thread>

namespace surveillx::store {

namespace {

constexpr int kMaxAttempts = 4;

enum class Cause { server_gone, conflict, other };

struct Diagnosis {
  Error error;
  Cause cause = Cause::other;
};

/// What a database exception means for the caller. SQLite's primary codes are all that SOCI gives.
Diagnosis diagnose(const soci::soci_error& e, DatabaseKind kind) {
  // get_error_message() leaves out the context, which would show the parameters' values.
  const std::string message = e.get_error_message();
  if (kind == DatabaseKind::sqlite) {
    const auto* lite = dynamic_cast<const soci::sqlite3_soci_error*>(&e);
    const int code = lite == nullptr ? 0 : lite->result();
    constexpr std::array kUnavailableCodes{SQLITE_BUSY,     SQLITE_LOCKED,  SQLITE_NOMEM,
                                           SQLITE_READONLY, SQLITE_IOERR,   SQLITE_CORRUPT,
                                           SQLITE_FULL,     SQLITE_PERM,    SQLITE_CANTOPEN,
                                           SQLITE_NOTADB,   SQLITE_PROTOCOL};
    for (const int unavailable : kUnavailableCodes) {
      if (code == unavailable) return {{kDatabaseUnavailable, message}, Cause::other};
    }
    return {{kInternal, message}, Cause::other};
  }
  const auto* postgres = dynamic_cast<const soci::postgresql_soci_error*>(&e);
  const std::string state = postgres == nullptr ? std::string() : postgres->sqlstate();
  const std::string state_class = state.substr(0, 2);
  if (state == "40001" || state == "40P01") {
    return {{kDatabaseUnavailable, message}, Cause::conflict};
  }
  if (state.find_first_not_of(" \0") == std::string::npos) {
    return {{kDatabaseUnavailable, message}, Cause::server_gone};
  }
  // 22 and 23 are about the values that were given. All else is about the database: 08 connection,
  // 53 disk full and the like, 57 shut down, 25006 read only, 42501 no right, 42P01 no table, as
  // while somebody restores it. What waits in the outbox has to outlast these.
  if (state_class == "22" || state_class == "23") return {{kInternal, message}, Cause::other};
  return {{kDatabaseUnavailable, message}, Cause::other};
}

const char* begin_statement(Mode mode, DatabaseKind kind) {
  if (mode == Mode::single || mode == Mode::alone) return nullptr;
  if (kind == DatabaseKind::sqlite) return mode == Mode::write ? "begin immediate" : "begin";
  return mode == Mode::write ? "begin" : "begin isolation level repeatable read read only";
}

}  // namespace

struct Database::Impl::Slot {
  std::unique_ptr<soci::session> session;  ///< Null until the first use and after it broke.
  bool in_use = false;
};

/// Holds a free slot; empty when none became free in time.
class Database::Impl::Lease {
 public:
  explicit Lease(Impl& pool) : pool_(pool) {
    std::unique_lock lock(pool_.mutex_);
    pool_.freed_.wait_for(lock, pool_.options_.lease_timeout, [this] { return take(); });
  }
  ~Lease() {
    if (slot_ == nullptr) return;
    {
      const std::lock_guard lock(pool_.mutex_);
      slot_->in_use = false;
    }
    pool_.freed_.notify_one();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  [[nodiscard]] Slot* slot() const { return slot_; }

 private:
  bool take() {
    Slot* unopened = nullptr;
    for (const auto& slot : pool_.slots_) {
      if (slot->in_use) continue;
      if (slot->session != nullptr) {
        slot_ = slot.get();
        break;
      }
      unopened = slot.get();
    }
    if (slot_ == nullptr) slot_ = unopened;
    if (slot_ != nullptr) slot_->in_use = true;
    return slot_ != nullptr;
  }

  Impl& pool_;
  Slot* slot_ = nullptr;
};

Database::Impl::Impl(DatabaseOptions options, DatabaseKind kind, std::string target,
                     std::string description, std::string password)
    : options_(std::move(options)),
      kind_(kind),
      target_(std::move(target)),
      description_(std::move(description)),
      password_(std::move(password)) {
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.connections); ++i) {
    slots_.push_back(std::make_unique<Slot>());
  }
}

Database::Impl::~Impl() = default;

/// One line, since that is what a log or a terminal shows; libpq likes several.
std::string Database::Impl::printable(std::string text) const {
  constexpr std::string_view kNoise = "sqlite3_statement_backend::";
  if (text.starts_with(kNoise)) text.erase(0, text.find(": ") + 2);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (password_.empty()) return text;
  for (std::size_t at = 0; (at = text.find(password_, at)) != std::string::npos;) {
    text.replace(at, password_.size(), "***");
    at += 3;
  }
  return text;
}

void Database::Impl::connect(Slot& slot) {
  if (slot.session != nullptr) return;
  if (kind_ == DatabaseKind::postgresql) {
    auto session = std::make_unique<soci::session>(*soci::factory_postgresql(), target_);
    Connection connection(*session, kind_);
    connection.execute("set client_encoding to 'UTF8'");
    connection.execute("set client_min_messages to 'warning'");
    slot.session = std::move(session);
    return;
  }
  // Only SQLite opens the file: see make_private_file(), which Database::open has called.
  auto session = std::make_unique<soci::session>(*soci::factory_sqlite3(),
                                                 "db=" + existing_file_uri(target_));
  Connection connection(*session, kind_);
  connection.execute("pragma busy_timeout = " + std::to_string(options_.busy_timeout.count()));
  connection.execute("pragma foreign_keys = on");
  connection.execute("pragma secure_delete = on");
  // FULL, not WAL's usual NORMAL: the outbox forgets a sighting once it is committed here, so the
  // commit has to survive a power failure.
  connection.execute("pragma synchronous = full");
  // Two processes that turn WAL on at once: the loser gets "locked" whatever the busy timeout.
  const auto deadline = std::chrono::steady_clock::now() + options_.busy_timeout;
  for (;;) {
    try {
      connection.query(1, "pragma journal_mode = wal");
      break;
    } catch (const soci::sqlite3_soci_error& e) {
      if (e.result() != SQLITE_BUSY || std::chrono::steady_clock::now() > deadline) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  slot.session = std::move(session);
}

Result<void> Database::Impl::run(Mode mode, const Body& body) {
  for (int attempt = 1;; ++attempt) {
    const Lease lease(*this);
    if (lease.slot() == nullptr) {
      return Error{kDatabaseUnavailable,
                   "database " + description_ + ": all connections are in use"};
    }
    Slot& slot = *lease.slot();
    bool begun = false;
    Error error{kInternal, ""};
    try {
      connect(slot);
      Connection connection(*slot.session, kind_);
      if (const char* begin = begin_statement(mode, kind_)) connection.execute(begin);
      begun = mode != Mode::single;
      const Result<void> result = body(connection);
      if (begin_statement(mode, kind_) != nullptr) {
        connection.execute(result ? "commit" : "rollback");
      }
      return result;
    } catch (const soci::soci_error& e) {
      auto diagnosis = diagnose(e, kind_);
      error = {diagnosis.error.name,
               "database " + description_ + ": " + printable(diagnosis.error.message)};
      if (slot.session == nullptr) return Error{kDatabaseUnavailable, error.message};
      if (diagnosis.cause == Cause::conflict && attempt < kMaxAttempts) begun = false;
    } catch (const Failure& e) {
      error = e.error();
    } catch (...) {
      slot.session.reset();  // Its transaction must not reach the next one who leases it.
      throw;
    }
    if (after_failure(slot, mode, begun, attempt, error) == Next::give_up) return error;
  }
}

/// Rolls back or throws the connection away; says whether the work may be done again.
Database::Impl::Next Database::Impl::after_failure(Slot& slot, Mode mode, bool begun, int attempt,
                                                   Error& error) {
  bool alive = slot.session != nullptr;
  if (alive && mode != Mode::single && mode != Mode::alone) {
    try {
      Connection(*slot.session, kind_).execute("rollback");
    } catch (const soci::soci_error&) {
      // SQLite has rolled back by itself after some errors ("no transaction is active").
      alive = kind_ == DatabaseKind::sqlite;
    }
  }
  if (alive && kind_ == DatabaseKind::postgresql) alive = slot.session->is_connected();
  if (!alive) {
    slot.session.reset();
    if (error.is(kInternal)) error.name = kDatabaseUnavailable;
    log::warn("database.connection_lost", {{"database", description_}});
  }
  const bool unavailable = error.is(kDatabaseUnavailable);
  const bool nothing_done = !begun || mode == Mode::single || mode == Mode::read;
  const bool repeatable = nothing_done && mode != Mode::alone;
  // Every pooled connection may be dead after a server restart; a busy SQLite has waited enough.
  const bool worth_it = unavailable && (!alive || kind_ == DatabaseKind::postgresql);
  const int limit = kMaxAttempts + static_cast<int>(slots_.size());
  return repeatable && worth_it && attempt < limit ? Next::again : Next::give_up;
}

}  // namespace surveillx::store
