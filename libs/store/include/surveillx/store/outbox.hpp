#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/error.hpp"
#include "surveillx/domain/types.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::store {

/// Another process (another `media`) holds this outbox.
inline constexpr ErrorName kOutboxInUse{"outbox_in_use"};
/// The disk is full: the sighting was not stored; the caller may try again.
inline constexpr ErrorName kOutboxFull{"outbox_full"};
/// The file cannot be opened or is damaged.
inline constexpr ErrorName kOutboxUnavailable{"outbox_unavailable"};

struct OutboxEntry {
  std::int64_t sequence = 0;  ///< Grows with every append.
  domain::Sighting sighting;
  Bytes sealed_snapshot;
  std::string clock_epoch;  ///< Of the clock that `sighting.at` comes from; see Clocks.
};

struct DeadLetter {
  OutboxEntry entry;
  std::string reason;
  UnixMillis set_aside_at{};
};

struct OutboxOptions {
  /// Appending fails with `outbox_full` when the file would grow beyond this; 0: until the disk is.
  std::int64_t max_bytes = 0;
};

/// Where sightings wait on disk until the database has them. What `append` has returned for is
/// fsynced: it survives kill -9 and power loss. A SQLite file of its own (WAL, synchronous=FULL,
/// docs/adr/0006), so that it works while PostgreSQL is away and a full database does not block it.
/// Thread-safe; calls block for one fsync. `DeadLetterBox` is the same file seen by a command.
class Outbox {
 public:
  /// Takes an exclusive lock that ends with the process, even when it is killed.
  /// Errors: `outbox_in_use`, `outbox_unavailable`.
  [[nodiscard]] static Result<std::shared_ptr<Outbox>> open(const std::filesystem::path& file,
                                                            const OutboxOptions& options = {});
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// A sighting id that is already waiting is accepted and not stored twice.
  /// Errors: `outbox_full`, `outbox_unavailable`.
  [[nodiscard]] Result<void> append(const domain::Sighting& sighting, ByteView sealed_snapshot,
                                    std::string_view clock_epoch = {});
  /// The oldest entries, which stay until they are acknowledged.
  [[nodiscard]] Result<std::vector<OutboxEntry>> peek(std::size_t limit);
  /// Removes delivered entries.
  [[nodiscard]] Result<void> acknowledge(std::span<const std::int64_t> sequences);
  /// Moves an entry that can never be delivered to the dead letters.
  [[nodiscard]] Result<void> set_aside(std::int64_t sequence, std::string_view reason);
  [[nodiscard]] Result<std::vector<DeadLetter>> dead_letters();
  /// Whose dead letters there are; not every id need be a person's.
  [[nodiscard]] Result<std::vector<PersonId>> people_of_dead_letters();
  /// Erases a removed person's dead letters, snapshots included; says how many.
  [[nodiscard]] Result<std::size_t> forget_dead_letters_of(const PersonId& person);
  /// Looks whether another process has changed the file (`surveillx outbox retry`); true when it
  /// has, and the counts below are current again. Cheap when it has not.
  [[nodiscard]] Result<bool> refresh();
  /// Entries that wait. Cheap: kept in memory.
  [[nodiscard]] std::size_t size() const;
  /// Dead letters on disk. Cheap: kept in memory.
  [[nodiscard]] std::size_t dead_letter_count() const;

 private:
  struct Impl;
  explicit Outbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace surveillx::store
