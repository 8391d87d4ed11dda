#include "connecting.hpp"

#include "files.hpp"
#include "sql.hpp"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <thread>
#include <utility>

namespace surveillx::store {

std::shared_ptr<Attempt> Attempt::begin(Open open) {
  std::shared_ptr<Attempt> attempt(new Attempt);
  std::thread([attempt, open = std::move(open)] { attempt->run(open); }).detach();
  return attempt;
}

Attempt::~Attempt() = default;

void Attempt::run(const Open& open) {
  OpenedSession opened;
  std::exception_ptr failure;
  try {
    opened = open();
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    failure_ = std::move(failure);
    if (!left_) opened_ = std::move(opened);
  }
  changed_.notify_all();
}

OpenedSession Attempt::wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return finished_ || left_; });
  left_ = true;
  if (failure_) std::rethrow_exception(failure_);
  return std::move(opened_);
}

void Attempt::leave() {
  {
    const std::lock_guard lock(mutex_);
    left_ = true;
  }
  changed_.notify_all();
}

bool Attempt::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

OpenedSession open_postgresql(const std::string& target, std::chrono::milliseconds limit) {
  auto session = std::make_unique<soci::session>(*soci::factory_postgresql(), target);
  Connection connection(*session, DatabaseKind::postgresql);
  connection.execute("set client_encoding to 'UTF8'");
  connection.execute("set client_min_messages to 'warning'");
  // What the address (`options=-c ...`), the role, the database or the server sets is left alone.
  const std::pair<const char*, std::chrono::milliseconds> limits[] = {
      {"statement_timeout", limit},
      {"lock_timeout", limit / 2},
      {"idle_in_transaction_session_timeout", 2 * limit},
  };
  for (const auto& [name, value] : limits) {
    connection.query(1,
                     "select set_config(name, :value, false) from pg_settings"
                     " where name = :name and source = 'default'",
                     {{"value", std::to_string(value.count())}, {"name", name}});
  }
  const auto row =
      connection.first(1, "select setting from pg_settings where name = 'statement_timeout'");
  const std::chrono::milliseconds given(row ? row->integer(0) : 0);
  return {std::move(session), given.count() == 0 ? given : given + kAnswerTime};
}

std::unique_ptr<soci::session> open_sqlite(const std::string& file, std::function<bool()>& wait) {
  for (;;) {
    // Only SQLite opens the file: see make_private_file(), which Database::open has called.
    auto session = std::make_unique<soci::session>(*soci::factory_sqlite3(),
                                                   "db=" + existing_file_uri(file));
    auto* handle = static_cast<soci::sqlite3_session_backend*>(session->get_backend())->conn_;
    sqlite_api::sqlite3_busy_handler(
        handle,
        [](void* again, int) { return (*static_cast<std::function<bool()>*>(again))() ? 1 : 0; },
        &wait);
    // Whether a restore has put another file in this one's place since it was opened.
    const auto moved = [handle] {
      int answer = 0;
      sqlite_api::sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &answer);
      return answer != 0;
    };
    Connection connection(*session, DatabaseKind::sqlite);
    connection.execute("pragma foreign_keys = on");
    connection.execute("pragma secure_delete = on");
    // FULL, not WAL's usual NORMAL: the outbox forgets a sighting once it is committed here, so the
    // commit has to survive a power failure.
    connection.execute("pragma synchronous = full");
    // Two processes that turn WAL on at once: the loser gets "locked" without its handler's being
    // asked.
    try {
      connection.query(1, "pragma journal_mode = wal");
    } catch (const soci::sqlite3_soci_error& e) {
      if (moved()) continue;
      if (e.result() != SQLITE_BUSY || !wait()) throw;
      continue;
    }
    // In WAL mode the lock stays, so that from here on nobody can.
    if (!moved()) return session;
  }
}

int socket_of(soci::session& session) {
  return PQsocket(static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_);
}

}  // namespace surveillx::store
