#pragma once

#include "surveillx/base/error.hpp"

#include <chrono>
#include <string>

namespace surveillx::store {

/// Where a PostgreSQL database is, from `database.url`.
struct PostgresTarget {
  std::string url;          ///< For libpq: with our time limits where the operator has set none.
  std::string description;  ///< For people: without the password.
  std::string password;
  std::chrono::milliseconds connect_limit{0};
};

/// Lets libpq judge the address, but not speak: its message may quote the password.
/// `bad_database_url`.
[[nodiscard]] Result<PostgresTarget> parse_postgres(const std::string& url);

}  // namespace surveillx::store
