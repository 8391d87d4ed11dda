#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/clock.hpp"
#include "surveillx/base/id.hpp"
#include "surveillx/store/context.hpp"
#include "surveillx/store/database.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace soci {
class session;
}

namespace surveillx::store {

/// A named parameter, `:name` in the statement. Bytes are bound as a blob on SQLite and as
/// hexadecimal text through decode() on PostgreSQL, where a bound string would end at a NUL.
struct Param {
  using Value = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;

  Param(const char* n, std::nullopt_t) : name(n) {}
  Param(const char* n, std::int64_t v) : name(n), value(v) {}
  Param(const char* n, double v) : name(n), value(v) {}
  Param(const char* n, std::string_view v) : name(n), value(std::string(v)) {}
  Param(const char* n, const std::string& v) : name(n), value(v) {}
  Param(const char* n, const char* v) : name(n), value(std::string(v)) {}
  Param(const char* n, ByteView v) : name(n), value(Bytes(v.begin(), v.end())) {}
  template <class Tag>
  Param(const char* n, const Id<Tag>& v) : name(n), value(v.str()) {}
  Param(const char* n, UnixMillis v) : name(n), value(to_millis(v)) {}

  const char* name;
  Value value;
};
using Params = std::initializer_list<Param>;

/// One row of a result. Everything is fetched as text, because SOCI guesses SQLite's types from
/// declarations and reads an unexpected one as 0; numbers are then parsed strictly. Accessors throw
/// Failure(internal_error) when the column is NULL or does not hold what is asked for.
class Row {
 public:
  explicit Row(std::vector<std::optional<std::string>> cells) : cells_(std::move(cells)) {}

  [[nodiscard]] bool null(std::size_t column) const { return !cells_.at(column).has_value(); }
  [[nodiscard]] const std::string& text(std::size_t column) const;
  [[nodiscard]] std::int64_t integer(std::size_t column) const;
  /// Of a column selected as `cast(x as text)`.
  [[nodiscard]] double real(std::size_t column) const;
  [[nodiscard]] UnixMillis time(std::size_t column) const { return from_millis(integer(column)); }
  /// Of a column selected as `{hex:column}`.
  [[nodiscard]] Bytes bytes(std::size_t column) const;
  template <class IdType>
  [[nodiscard]] IdType id(std::size_t column) const {
    return IdType::trusted(text(column));
  }

 private:
  std::vector<std::optional<std::string>> cells_;
};

/// When the statement under way is given up: set by the connection's user, looked at by the pool's
/// watcher.
class StatementClock {
 public:
  /// Zero: statements may take for ever.
  void set_limit(std::chrono::milliseconds limit) { limit_ = limit; }
  [[nodiscard]] std::chrono::milliseconds limit() const { return limit_; }
  void begin() {
    if (limit_.count() > 0) until_ = (std::chrono::steady_clock::now() + limit_).time_since_epoch();
  }
  void end() { until_ = kNever; }
  [[nodiscard]] bool expired() const {
    return until_.load() < std::chrono::steady_clock::now().time_since_epoch();
  }

 private:
  using Duration = std::chrono::steady_clock::duration;
  static constexpr Duration kNever = Duration::max();
  std::chrono::milliseconds limit_{0};  ///< Of the user's thread only.
  std::atomic<Duration> until_{kNever};
};

/// One leased connection. In its SQL these stand for what the two databases spell differently:
/// `{hex:x}` a blob as hexadecimal text; `{for update}` and `{skip locked}` row locks (nothing on
/// SQLite, whose write transactions exclude each other); `{blob}` and `{key text}` column types,
/// the latter ordered by code point on both. Throws soci::soci_error.
class Connection {
 public:
  Connection(soci::session& session, DatabaseKind kind, StatementClock* clock = nullptr)
      : session_(session), kind_(kind), clock_(clock) {}

  [[nodiscard]] DatabaseKind kind() const { return kind_; }
  /// `columns` is the length of the select list.
  std::vector<Row> query(std::size_t columns, std::string_view sql, Params params = {});
  /// The same with as many parameters as there happen to be.
  std::vector<Row> query_with(std::size_t columns, std::string_view sql,
                              std::span<const Param> params);
  std::optional<Row> first(std::size_t columns, std::string_view sql, Params params = {});
  /// Says how many rows were affected.
  std::int64_t execute(std::string_view sql, Params params = {});
  /// For the rest of this transaction statements may take as long as they need: migrations.
  void take_your_time();

 private:
  soci::session& session_;
  DatabaseKind kind_;
  StatementClock* clock_;
};

class Attempt;
struct OpenedSession;

/// The pool. Sessions are opened at their first use, and again after their server has gone.
class Database::Impl {
 public:
  enum class Mode {
    single,  ///< One statement that changes nothing, without a transaction.
    read,    ///< A consistent view.
    write,   ///< `begin immediate` on SQLite: an upgrade would fail at once despite the timeout.
    alone,   ///< Statements that refuse to run in a transaction; never repeated.
  };
  using Body = std::function<Result<void>(Connection&)>;

  /// `connect_limit`: how long an attempt to reach PostgreSQL is waited for.
  Impl(DatabaseOptions options, DatabaseKind kind, std::string target, std::string description,
       std::string password, std::chrono::milliseconds connect_limit = {});
  ~Impl();

  /// Departures from what the options say, for one call.
  struct Terms {
    std::optional<std::chrono::milliseconds> patience;  ///< Instead of `busy_timeout`.
    bool* locked = nullptr;  ///< Set when another program kept SQLite's lock all this time.
  };

  /// Runs `body` once, or again when the connection turned out to be dead before anything could
  /// change, and after a deadlock or a serialisation failure. An error rolls back.
  Result<void> run(Mode mode, const Body& body, const Terms& terms);
  Result<void> run(Mode mode, const Body& body) { return run(mode, body, Terms()); }
  /// From any thread: see Database::abandon().
  void abandon();
  [[nodiscard]] std::optional<std::chrono::milliseconds> longest_call();

  [[nodiscard]] DatabaseKind kind() const { return kind_; }
  [[nodiscard]] const std::string& description() const { return description_; }
  [[nodiscard]] const DatabaseOptions& options() const { return options_; }
  /// SQLite's file or PostgreSQL's address, password included: never for messages.
  [[nodiscard]] const std::string& target() const { return target_; }
  [[nodiscard]] const std::string& password() const { return password_; }

 private:
  struct Slot;
  class Lease;
  enum class Next { give_up, again };

  struct Waiting;

  void connect(Slot& slot);
  [[nodiscard]] OpenedSession connect_postgresql();
  void drop(Slot& slot);
  void watch();
  bool wait_for_lock(Slot& slot);
  [[nodiscard]] Error locked_error() const;
  Next after_failure(Slot& slot, Mode mode, bool begun, int attempt, Error& error);
  [[nodiscard]] std::string printable(std::string text) const;

  DatabaseOptions options_;
  DatabaseKind kind_;
  std::string target_;
  std::string description_;
  std::string password_;
  std::chrono::milliseconds connect_limit_;

  std::atomic<bool> abandoned_{false};
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Slot>> slots_;
  bool endless_ = false;  ///< A session was opened whose statements may take for ever.
  std::chrono::milliseconds longest_statement_{0};  ///< Of the sessions that were opened.
  std::vector<std::shared_ptr<Attempt>> attempts_;  ///< Under way, left behind or not.
  std::chrono::steady_clock::time_point silent_until_{};  ///< No attempts before this.
  std::condition_variable watch_;
  std::thread watcher_;  ///< Started with the first PostgreSQL session.
};

using Mode = Database::Impl::Mode;

/// Runs `body(Connection&) -> Result<T>` on the context's database.
template <class Body>
auto run(Database& database, Mode mode, Body body, const Database::Impl::Terms& terms = {})
    -> std::invoke_result_t<Body, Connection&> {
  using R = std::invoke_result_t<Body, Connection&>;
  std::optional<R> result;
  const auto ran = database.impl().run(
      mode,
      [&](Connection& connection) -> Result<void> {
        result.emplace(body(connection));
        if (!*result) return result->error();
        return {};
      },
      terms);
  if (!ran) return ran.error();
  return std::move(*result);
}
template <class Body>
auto read(const ContextPtr& context, Body body) {
  return run(*context->database, Mode::read, std::move(body));
}
template <class Body>
auto write(const ContextPtr& context, Body body, const Database::Impl::Terms& terms = {}) {
  return run(*context->database, Mode::write, std::move(body), terms);
}

enum class Revised { gallery, vectors, cameras, access, attendance };
/// First in every write transaction that changes such data: the counter's row lock also makes
/// these transactions exclude each other on PostgreSQL, as they do on SQLite.
/// `vectors` counts as a change of the gallery, too.
void bump(Connection& connection, Revised what);
/// As `bump` for vectors. `gallery_changed` when `seen` is given and is not the count before this.
[[nodiscard]] Result<void> bump_vectors(Connection& connection, std::optional<std::int64_t> seen);

}  // namespace surveillx::store
