#pragma once

#include "surveillx/store/outbox.hpp"
#include "surveillx/store/people.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace surveillx::store {

/// What could not be delivered, for a command that runs beside media or without it. It opens media's
/// own SQLite file with a connection of its own and takes no lock beyond its short transactions, nor
/// does it ever open the file by hand. Not thread-safe; calls block.
class DeadLetterBox {
 public:
  /// Errors: `not_found` (media has never run here), `outbox_unavailable`.
  [[nodiscard]] static Result<std::unique_ptr<DeadLetterBox>> open(
      const std::filesystem::path& file);
  ~DeadLetterBox();
  DeadLetterBox(const DeadLetterBox&) = delete;
  DeadLetterBox& operator=(const DeadLetterBox&) = delete;

  /// Entries that wait to be delivered.
  [[nodiscard]] Result<std::size_t> waiting();
  [[nodiscard]] Result<std::vector<DeadLetter>> letters();
  /// Puts them back among what waits, as the newest; says how many there were.
  [[nodiscard]] Result<std::size_t> retry(std::span<const SightingId> sightings);
  /// Erases them, snapshots included; says how many there were.
  [[nodiscard]] Result<std::size_t> purge(std::span<const SightingId> sightings);
  /// True while a media process holds the outbox.
  [[nodiscard]] bool media_runs() const;

 private:
  struct Impl;
  explicit DeadLetterBox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Erases the dead letters of people who were removed (or never existed): a removal cannot reach
/// into the file of a media that may run on another machine, so media calls this whenever people
/// have changed. Says how many letters that were.
[[nodiscard]] Result<std::size_t> forget_removed_people(Outbox& outbox, People& people);

}  // namespace surveillx::store
