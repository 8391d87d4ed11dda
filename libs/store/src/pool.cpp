#include "surveillx/base/log.hpp"

#include "connecting.hpp"
#include "lock_holder.hpp"
#include "sql.hpp"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <sys/socket.h>
#include <thread>
#include <utility>

namespace surveillx::store {

namespace {

constexpr int kMaxAttempts = 4;
constexpr std::chrono::milliseconds kRetryWithin{3'000};

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

/// A wait for SQLite's lock.
struct Database::Impl::Waiting {
  std::chrono::milliseconds patience{0};
  std::chrono::steady_clock::time_point since;
  bool told = false;
  bool in_vain = false;
};

struct Database::Impl::Slot {
  std::unique_ptr<soci::session> session;  ///< Null until the first use and after it broke.
  std::chrono::milliseconds limit{0};      ///< Of a statement.
  StatementClock clock;
  Waiting waiting;
  bool in_use = false;
  std::function<bool()> busy;  ///< SQLite's busy handler.
  // What other threads may touch, under the pool's mutex, while the session is there.
  int socket = -1;
  sqlite_api::sqlite3* sqlite = nullptr;
};

/// Holds a free slot; empty when none became free in time.
class Database::Impl::Lease {
 public:
  explicit Lease(Impl& pool) : pool_(pool) {
    std::unique_lock lock(pool_.mutex_);
    pool_.freed_.wait_for(lock, pool_.options_.lease_timeout,
                          [this] { return pool_.abandoned_ || take(); });
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
                     std::string description, std::string password,
                     std::chrono::milliseconds connect_limit)
    : options_(std::move(options)),
      kind_(kind),
      target_(std::move(target)),
      description_(std::move(description)),
      password_(std::move(password)),
      connect_limit_(connect_limit) {
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.connections); ++i) {
    slots_.push_back(std::make_unique<Slot>());
  }
}

Database::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  watch_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

void Database::Impl::abandon() {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    for (const auto& slot : slots_) {
      if (slot->socket >= 0 && slot->in_use) ::shutdown(slot->socket, SHUT_RDWR);
      if (slot->sqlite != nullptr) sqlite_api::sqlite3_interrupt(slot->sqlite);
    }
    for (const auto& attempt : attempts_) attempt->leave();
  }
  freed_.notify_all();
}

/// Cuts connections whose statement has had its time: libpq waits for an answer for ever, and the
/// server's own limit does not help when its answer is swallowed on the way.
void Database::Impl::watch() {
  std::unique_lock lock(mutex_);
  while (!abandoned_) {
    watch_.wait_for(lock, std::chrono::milliseconds(500));
    int cut = 0;
    for (const auto& slot : slots_) {
      if (slot->socket < 0 || !slot->in_use || !slot->clock.expired()) continue;
      ::shutdown(slot->socket, SHUT_RDWR);
      slot->socket = -1;
      ++cut;
    }
    if (cut == 0) continue;
    lock.unlock();
    log::warn("database.unanswered", {{"database", description_}, {"connections", cut}});
    lock.lock();
  }
}

/// Closes the slot's session, which no other thread may touch from here on.
void Database::Impl::drop(Slot& slot) {
  {
    const std::lock_guard lock(mutex_);
    // Saying goodbye must not wait for a peer that takes nothing.
    if (slot.socket >= 0) ::shutdown(slot.socket, SHUT_RDWR);
    slot.socket = -1;
    slot.sqlite = nullptr;
  }
  slot.session.reset();
}

/// What SQLite calls while another program holds the lock: true to try again.
bool Database::Impl::wait_for_lock(Slot& slot) {
  constexpr std::chrono::milliseconds kUntilTold{1'000};
  constexpr std::chrono::milliseconds kStep{20};
  auto& waiting = slot.waiting;
  const auto waited = std::chrono::steady_clock::now() - waiting.since;
  if (abandoned_ || waited >= waiting.patience) {
    waiting.in_vain = true;
    return false;
  }
  if (waited >= kUntilTold && !waiting.told) {
    waiting.told = true;
    const std::string holder = lock_holder(target_, HeldLock::write);
    if (options_.on_wait) {
      options_.on_wait(description_, holder);
    } else {
      log::info("database.waiting", {{"database", description_}, {"holder", holder}});
    }
  }
  std::this_thread::sleep_for(waited < kStep ? std::chrono::milliseconds(1) : kStep);
  return true;
}

Error Database::Impl::locked_error() const {
  return {kDatabaseUnavailable,
          "database " + description_ + " is locked by " + lock_holder(target_, HeldLock::write) +
              ", which has not finished; close it or wait for its end, then try again"};
}

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
    auto opened = connect_postgresql();
    const std::lock_guard lock(mutex_);
    slot.session = std::move(opened.session);
    slot.limit = opened.limit;
    endless_ = endless_ || opened.limit.count() == 0;
    longest_statement_ = std::max(longest_statement_, opened.limit);
    slot.socket = socket_of(*slot.session);
    if (!watcher_.joinable()) watcher_ = std::thread([this] { watch(); });
    return;
  }
  slot.busy = [this, &slot] { return wait_for_lock(slot); };
  auto session = open_sqlite(target_, slot.busy);
  const std::lock_guard lock(mutex_);
  slot.sqlite = static_cast<soci::sqlite3_session_backend*>(session->get_backend())->conn_;
  slot.session = std::move(session);
}

std::optional<std::chrono::milliseconds> Database::Impl::longest_call() {
  // What a transaction of one statement waits for: begin, the statement, commit; and after a failure
  // the question whether the server is still there.
  constexpr int kAnswers = 4;
  const bool lite = kind_ == DatabaseKind::sqlite;
  const std::lock_guard lock(mutex_);
  if (endless_) return std::nullopt;
  const auto statement = lite ? options_.busy_timeout
                              : std::max(longest_statement_, options_.statement_limit + kAnswerTime);
  return kRetryWithin + options_.lease_timeout + connect_limit_ + kAnswers * statement;
}

OpenedSession Database::Impl::connect_postgresql() {
  constexpr std::chrono::seconds kSilence{2};
  const auto unavailable = [](const char* what) {
    return Failure(Error{kDatabaseUnavailable, what});
  };
  std::shared_ptr<Attempt> attempt;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(attempts_, [](const auto& one) { return one->finished(); });
    // A server that does not answer costs its waiters a few seconds each. While one asks, or has
    // just asked in vain, the others are told at once, so that they do not queue up for it.
    if (std::chrono::steady_clock::now() < silent_until_ || attempts_.size() >= 2 * slots_.size()) {
      throw unavailable("the server does not answer");
    }
    if (abandoned_) throw unavailable("the program is about to end");
    attempt = Attempt::begin(
        [target = target_, limit = options_.statement_limit] { return open_postgresql(target, limit); });
    attempts_.push_back(attempt);
  }
  auto opened = attempt->wait(connect_limit_);
  if (opened.session == nullptr) {
    const std::lock_guard lock(mutex_);
    silent_until_ = std::chrono::steady_clock::now() + kSilence;
    throw unavailable("the server does not answer");
  }
  return opened;
}

Result<void> Database::Impl::run(Mode mode, const Body& body, const Terms& terms) {
  const auto begun_at = std::chrono::steady_clock::now();
  for (int attempt = 1;; ++attempt) {
    const Lease lease(*this);
    if (abandoned_) {
      return Error{kDatabaseUnavailable, "database " + description_ + ": the program is about to end"};
    }
    if (lease.slot() == nullptr) {
      return Error{kDatabaseUnavailable,
                   "database " + description_ + ": all connections are in use"};
    }
    Slot& slot = *lease.slot();
    slot.waiting = {.patience = terms.patience.value_or(options_.busy_timeout),
                    .since = std::chrono::steady_clock::now()};
    bool begun = false;
    Error error{kInternal, ""};
    try {
      connect(slot);
      slot.clock.set_limit(slot.limit);
      Connection connection(*slot.session, kind_, &slot.clock);
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
      if (slot.waiting.in_vain && !abandoned_) error = locked_error();
      if (slot.session == nullptr) return Error{kDatabaseUnavailable, error.message};
      if (diagnosis.cause == Cause::conflict && attempt < kMaxAttempts) begun = false;
    } catch (const Failure& e) {
      error = e.error();
      if (slot.session == nullptr) {
        return Error{kDatabaseUnavailable, "database " + description_ + ": " + error.message};
      }
    } catch (...) {
      drop(slot);  // Its transaction must not reach the next one who leases it.
      throw;
    }
    if (terms.locked != nullptr) *terms.locked = slot.waiting.in_vain;
    if (after_failure(slot, mode, begun, attempt, error) == Next::give_up) return error;
    // Who has waited for one time limit does not wait for several more.
    if (std::chrono::steady_clock::now() - begun_at > kRetryWithin) return error;
  }
}

/// Rolls back or throws the connection away; says whether the work may be done again.
Database::Impl::Next Database::Impl::after_failure(Slot& slot, Mode mode, bool begun, int attempt,
                                                   Error& error) {
  bool alive = slot.session != nullptr;
  if (alive && mode != Mode::single && mode != Mode::alone) {
    try {
      slot.clock.set_limit(slot.limit);
      Connection(*slot.session, kind_, &slot.clock).execute("rollback");
    } catch (const soci::soci_error&) {
      // SQLite has rolled back by itself after some errors ("no transaction is active").
      alive = kind_ == DatabaseKind::sqlite;
    }
  }
  if (alive && kind_ == DatabaseKind::postgresql) {
    slot.clock.begin();  // It asks the server.
    alive = slot.session->is_connected();
    slot.clock.end();
  }
  if (!alive) {
    drop(slot);
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
