#pragma once

#include "surveillx/store/context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace surveillx::store {

/// Counters that grow with every change, in the transaction that makes it.
struct Revisions {
  std::int64_t gallery = 0;  ///< People, photos, embeddings.
  std::int64_t cameras = 0;  ///< Cameras and their tokens.
  std::int64_t access = 0;   ///< Users, and sessions that were ended.
  std::int64_t attendance = 0;  ///< Attendance records; see AttendanceBook::changed_since.
  std::int64_t vectors = 0;  ///< The set of embeddings alone.
  friend bool operator==(const Revisions&, const Revisions&) = default;
};

/// What media (and web, for `access` and `attendance`) polls every 500 ms: one row, one cheap query.
class Revision {
 public:
  explicit Revision(ContextPtr context) : context_(std::move(context)) {}
  [[nodiscard]] Result<Revisions> current();

 private:
  ContextPtr context_;
};

/// Small facts about the installation, by name.
class Settings {
 public:
  explicit Settings(ContextPtr context) : context_(std::move(context)) {}
  [[nodiscard]] Result<std::optional<std::string>> get(std::string_view name);
  [[nodiscard]] Result<void> set(std::string_view name, std::string_view value);

 private:
  ContextPtr context_;
};

}  // namespace surveillx::store
