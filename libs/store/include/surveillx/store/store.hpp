#pragma once

#include "surveillx/store/attendance_book.hpp"
#include "surveillx/store/cameras.hpp"
#include "surveillx/store/clocks.hpp"
#include "surveillx/store/people.hpp"
#include "surveillx/store/revision.hpp"
#include "surveillx/store/site_zone.hpp"
#include "surveillx/store/users.hpp"

#include <memory>

namespace surveillx::store {

/// An opened database with all its repositories: what web, media and the command line hold.
/// Thread-safe; every call blocks (SQL), so servers make them on a worker pool. The clock must
/// outlive it.
class Store {
 public:
  /// Opens the database (see `Database::open`) and checks that the keys are those it was written
  /// with. Errors: as `Database::open`; `wrong_key` when another key file is in use.
  [[nodiscard]] static Result<std::shared_ptr<Store>> open(
      const DatabaseOptions& options, const crypto::KeyRing& keys,
      const Clock& clock = system_clock(),
      crypto::PasswordCost password_cost = crypto::PasswordCost::interactive);

  Database& database() { return *context_->database; }
  const std::shared_ptr<Database>& shared_database() const { return context_->database; }
  const crypto::KeyRing& keys() const { return context_->keys; }

  People people;
  Photos photos;
  Embeddings embeddings;
  Cameras cameras;
  Users users;
  Sessions sessions;
  AttendanceBook attendance;
  Revision revision;
  Settings settings;
  SiteZone site_zone;
  Clocks clocks;

 private:
  explicit Store(ContextPtr context);
  ContextPtr context_;
};

}  // namespace surveillx::store
