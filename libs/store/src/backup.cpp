#include "surveillx/store/database.hpp"

#include "files.hpp"
#include "pg_tools.hpp"
#include "sql.hpp"

#include <system_error>

namespace surveillx::store {

namespace fs = std::filesystem;

Result<void> backup_database(const DatabaseOptions& options, const fs::path& file) {
  DatabaseOptions unchecked = options;
  unchecked.schema = SchemaPolicy::ignore;
  unchecked.connections = 1;
  const auto database = Database::open(unchecked);
  if (!database) return database.error();
  // A file that cannot be finished is removed again; VACUUM INTO takes an empty one.
  if (auto created = make_private_file(file); !created) return created.error();
  Result<void> done;
  if ((*database)->kind() == DatabaseKind::sqlite) {
    done = run(**database, Mode::alone, [&](Connection& db) -> Result<void> {
      db.execute("vacuum into :file", {{"file", fs::absolute(file).string()}});
      return {};
    });
    if (done) done = sync_path(file);
    if (done) done = sync_path(fs::absolute(file).parent_path());
  } else {
    auto& impl = (*database)->impl();
    done = run_tool({"pg_dump", "-Fc", "--no-password", "-f", file.string(),
                     "--dbname=" + without_password(impl.target())},
                    impl.password());
  }
  if (!done) {
    std::error_code ignored;
    fs::remove(file, ignored);
  }
  return done;
}

}  // namespace surveillx::store
