#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/clock.hpp"
#include "surveillx/base/id.hpp"
#include "surveillx/store/context.hpp"
#include "surveillx/store/database.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
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

/// One leased connection. In its SQL these stand for what the two databases spell differently:
/// `{hex:x}` a blob as hexadecimal text; `{for update}` and `{skip locked}` row locks (nothing on
/// SQLite, whose write transactions exclude each other); `{blob}` and `{key text}` column types,
/// the latter ordered by code point on both. Throws soci::soci_error.
class Connection {
 public:
  Connection(soci::session& session, DatabaseKind kind) : session_(session), kind_(kind) {}

  [[nodiscard]] DatabaseKind kind() const { return kind_; }
  /// `columns` is the length of the select list.
  std::vector<Row> query(std::size_t columns, std::string_view sql, Params params = {});
  std::optional<Row> first(std::size_t columns, std::string_view sql, Params params = {});
  /// Says how many rows were affected.
  std::int64_t execute(std::string_view sql, Params params = {});

 private:
  soci::session& session_;
  DatabaseKind kind_;
};

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

  Impl(DatabaseOptions options, DatabaseKind kind, std::string target, std::string description,
       std::string password);
  ~Impl();

  /// Runs `body` once, or again when the connection turned out to be dead before anything could
  /// change, and after a deadlock or a serialisation failure. An error rolls back.
  Result<void> run(Mode mode, const Body& body);

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

  void connect(Slot& slot);
  Next after_failure(Slot& slot, Mode mode, bool begun, int attempt, Error& error);
  [[nodiscard]] std::string printable(std::string text) const;

  DatabaseOptions options_;
  DatabaseKind kind_;
  std::string target_;
  std::string description_;
  std::string password_;

  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

using Mode = Database::Impl::Mode;

/// Runs `body(Connection&) -> Result<T>` on the context's database.
template <class Body>
auto run(Database& database, Mode mode, Body body) -> std::invoke_result_t<Body, Connection&> {
  using R = std::invoke_result_t<Body, Connection&>;
  std::optional<R> result;
  const auto ran = database.impl().run(mode, [&](Connection& connection) -> Result<void> {
    result.emplace(body(connection));
    if (!*result) return result->error();
    return {};
  });
  if (!ran) return ran.error();
  return std::move(*result);
}
template <class Body>
auto read(const ContextPtr& context, Body body) {
  return run(*context->database, Mode::read, std::move(body));
}
template <class Body>
auto write(const ContextPtr& context, Body body) {
  return run(*context->database, Mode::write, std::move(body));
}

enum class Revised { gallery, cameras, access, attendance };
/// First in every write transaction that changes such data: the counter's row lock also makes
/// these transactions exclude each other on PostgreSQL, as they do on SQLite.
void bump(Connection& connection, Revised what);

}  // namespace surveillx::store
