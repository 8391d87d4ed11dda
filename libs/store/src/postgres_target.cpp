#include "postgres_target.hpp"

#include "surveillx/store/database.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

namespace surveillx::store {

Result<PostgresTarget> parse_postgres(const std::string& url) {
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &message);
  PQfreemem(message);
  if (options == nullptr) {
    return Error{kBadDatabaseUrl,
                 "database.url is not understood; write postgresql://USER@HOST:PORT/DATABASE, with "
                 "special characters of the password percent-encoded"};
  }
  std::map<std::string, std::string> values;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  PQconninfoFree(options);

  PostgresTarget target{.url = url, .description = "postgresql://", .password = values["password"]};
  if (!values["user"].empty()) target.description += values["user"] + "@";
  target.description += values["host"].empty() ? "localhost" : values["host"];
  if (!values["port"].empty()) target.description += ":" + values["port"];
  target.description += "/" + values["dbname"];
  // Only what the operator has not set. Keepalives notice within half a minute that the other side
  // is gone; `tcp_user_timeout` (libpq 12, RFC 5482) that what was sent is not acknowledged.
  const std::pair<const char*, const char*> ours[] = {
      {"connect_timeout", "5"},       {"tcp_user_timeout", "10000"},
      {"keepalives_idle", "10"},      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},      {"fallback_application_name", "surveillx"},
  };
  // As libpq reads it: a password before the first `@` may hold a question mark.
  const auto scheme = url.find("://");
  const auto user_end = url.find_first_of("@/", scheme == std::string::npos ? 0 : scheme + 3);
  bool has_query = url.find('?', user_end == std::string::npos ? 0 : user_end) != std::string::npos;
  for (const auto& [name, value] : ours) {
    if (!values[name].empty()) continue;
    values[name] = value;
    target.url += std::exchange(has_query, true) ? "&" : "?";
    target.url += std::string(name) + "=" + value;
  }
  // libpq counts each of several hosts anew. Zero is for ever to libpq, and a minute to us.
  const auto hosts = 1 + std::count(values["host"].begin(), values["host"].end(), ',');
  const long seconds = std::strtol(values["connect_timeout"].c_str(), nullptr, 10);
  target.connect_limit = std::chrono::seconds(seconds > 0 ? seconds * hosts + 2 : 60);
  return target;
}

}  // namespace surveillx::store
