#include "sql.hpp"

#include "surveillx/store/people.hpp"

#include <soci/soci.h>

#include <cctype>
#include <charconv>
#include <deque>

namespace surveillx::store {

namespace {

[[noreturn]] void bad_cell(std::size_t column, const char* wanted) {
  throw Failure(Error{kInternal, "column " + std::to_string(column) + " of a result is " + wanted});
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

std::string dialect(std::string_view sql, DatabaseKind kind) {
  std::string out(sql);
  const bool lite = kind == DatabaseKind::sqlite;
  replace_all(out, "{for update}", lite ? "" : "for update");
  replace_all(out, "{skip locked}", lite ? "" : "for update skip locked");
  replace_all(out, "{blob}", lite ? "blob" : "bytea");
  replace_all(out, "{key text}", lite ? "text" : "text collate \"C\"");
  for (std::size_t at = 0; (at = out.find("{hex:", at)) != std::string::npos;) {
    const std::size_t end = out.find('}', at);
    const std::string column = out.substr(at + 5, end - at - 5);
    out.replace(at, end - at + 1, lite ? "hex(" + column + ")" : "encode(" + column + ", 'hex')");
  }
  return out;
}

/// `:name` -> `decode(:name, 'hex')`, but not the start of a longer name.
void decode_param(std::string& sql, const std::string& name) {
  const std::string from = ":" + name;
  for (std::size_t at = 0; (at = sql.find(from, at)) != std::string::npos;) {
    const std::size_t end = at + from.size();
    const bool longer =
        end < sql.size() && (std::isalnum(static_cast<unsigned char>(sql[end])) || sql[end] == '_');
    if (longer) {
      at = end;
      continue;
    }
    const std::string to = "decode(" + from + ", 'hex')";
    sql.replace(at, from.size(), to);
    at += to.size();
  }
}

/// Keeps what SOCI has only references to until the statement has run.
class Bindings {
 public:
  Bindings(soci::session& session, DatabaseKind kind) : session_(session), kind_(kind) {}

  void bind(soci::statement& statement, std::string& sql, const Param& param) {
    const std::string& name = names_.emplace_back(param.name);
    if (std::holds_alternative<std::monostate>(param.value)) {
      null_indicators_.push_back(soci::i_null);
      statement.exchange(soci::use(texts_.emplace_back(), null_indicators_.back(), name));
    } else if (const auto* integer = std::get_if<std::int64_t>(&param.value)) {
      statement.exchange(soci::use(integers_.emplace_back(*integer), name));
    } else if (const auto* real = std::get_if<double>(&param.value)) {
      statement.exchange(soci::use(reals_.emplace_back(*real), name));
    } else if (const auto* text = std::get_if<std::string>(&param.value)) {
      statement.exchange(soci::use(texts_.emplace_back(*text), name));
    } else {
      const auto& bytes = std::get<Bytes>(param.value);
      if (kind_ == DatabaseKind::postgresql) {
        decode_param(sql, name);
        statement.exchange(soci::use(texts_.emplace_back(hex_encode(bytes)), name));
      } else {
        soci::blob& blob = *blobs_.emplace_back(std::make_unique<soci::blob>(session_));
        blob.write(0, reinterpret_cast<const char*>(bytes.data()), bytes.size());
        statement.exchange(soci::use(blob, name));
      }
    }
  }

 private:
  soci::session& session_;
  DatabaseKind kind_;
  // Deques: elements stay where they are.
  std::deque<std::string> names_;
  std::deque<std::string> texts_;
  std::deque<long long> integers_;
  std::deque<double> reals_;
  std::deque<std::unique_ptr<soci::blob>> blobs_;
  std::deque<soci::indicator> null_indicators_;
};

}  // namespace

const std::string& Row::text(std::size_t column) const {
  const auto& cell = cells_.at(column);
  if (!cell) bad_cell(column, "NULL");
  return *cell;
}

std::int64_t Row::integer(std::size_t column) const {
  const std::string& digits = text(column);
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size()) {
    bad_cell(column, "no whole number");
  }
  return value;
}

double Row::real(std::size_t column) const {
  const std::string& digits = text(column);
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size()) bad_cell(column, "no number");
  return value;
}

Bytes Row::bytes(std::size_t column) const {
  auto decoded = hex_decode(text(column));
  if (!decoded) bad_cell(column, "no hexadecimal text");
  return std::move(*decoded);
}

namespace {

/// Times what happens in its scope.
class Timed {
 public:
  explicit Timed(StatementClock* clock) : clock_(clock) {
    if (clock_ != nullptr) clock_->begin();
  }
  ~Timed() {
    if (clock_ != nullptr) clock_->end();
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  StatementClock* clock_;
};

}  // namespace

std::vector<Row> Connection::query(std::size_t columns, std::string_view sql, Params params) {
  return query_with(columns, sql, std::span(params.begin(), params.size()));
}

std::vector<Row> Connection::query_with(std::size_t columns, std::string_view sql,
                                        std::span<const Param> params) {
  const Timed timed(clock_);
  std::string text = dialect(sql, kind_);
  soci::statement statement(session_);
  Bindings bindings(session_, kind_);
  for (const auto& param : params) bindings.bind(statement, text, param);
  std::vector<std::string> values(columns);
  std::vector<soci::indicator> indicators(columns, soci::i_ok);
  for (std::size_t i = 0; i < columns; ++i) {
    statement.exchange(soci::into(values[i], indicators[i]));
  }
  statement.alloc();
  // One-time statements: nothing is left prepared on the server that a reconnect would lose.
  statement.prepare(text, soci::details::st_one_time_query);
  statement.define_and_bind();

  std::vector<Row> rows;
  for (bool got = statement.execute(true); got; got = statement.fetch()) {
    std::vector<std::optional<std::string>> cells(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      if (indicators[i] != soci::i_null) cells[i] = values[i];
    }
    rows.emplace_back(std::move(cells));
  }
  return rows;
}

std::optional<Row> Connection::first(std::size_t columns, std::string_view sql, Params params) {
  auto rows = query(columns, sql, params);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::int64_t Connection::execute(std::string_view sql, Params params) {
  const Timed timed(clock_);
  std::string text = dialect(sql, kind_);
  soci::statement statement(session_);
  Bindings bindings(session_, kind_);
  for (const auto& param : params) bindings.bind(statement, text, param);
  statement.alloc();
  statement.prepare(text, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute(true);
  return statement.get_affected_rows();
}

void Connection::take_your_time() {
  if (kind_ != DatabaseKind::postgresql) return;
  execute("set local statement_timeout = 0");
  execute("set local lock_timeout = 0");
  if (clock_ != nullptr) clock_->set_limit(std::chrono::milliseconds(0));
}

void bump(Connection& connection, Revised what) {
  switch (what) {
    case Revised::gallery:
      connection.execute("update revision set gallery = gallery + 1 where id = 1");
      break;
    case Revised::vectors:
      connection.execute(
          "update revision set gallery = gallery + 1, vectors = vectors + 1 where id = 1");
      break;
    case Revised::cameras:
      connection.execute("update revision set cameras = cameras + 1 where id = 1");
      break;
    case Revised::access:
      connection.execute("update revision set access = access + 1 where id = 1");
      break;
    case Revised::attendance:
      connection.execute("update revision set attendance = attendance + 1 where id = 1");
      break;
  }
}

Result<void> bump_vectors(Connection& connection, std::optional<std::int64_t> seen) {
  bump(connection, Revised::vectors);
  if (!seen) return {};
  const auto now = connection.first(1, "select vectors from revision where id = 1");
  if (now && now->integer(0) == *seen + 1) return {};
  return Error{kGalleryChanged, "somebody was enrolled or removed at the same moment; try again"};
}

}  // namespace surveillx::store
