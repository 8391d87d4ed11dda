#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "surveillx/store/outbox.hpp"
#include "surveillx/store/outbox_drainer.hpp"
#include "surveillx/store/people.hpp"

namespace surveillx::mediaserver {

/// Looks after the outbox beside its drainer: notices what a command changed in the file, and erases
/// the dead letters of people who were removed. On the follower's thread only.
class OutboxKeeper {
 public:
  OutboxKeeper(store::Outbox& outbox, store::OutboxDrainer& drainer, store::People people)
      : outbox_(outbox), drainer_(drainer), people_(std::move(people)) {}

  /// `gallery`: the revision that was just read; nothing while the database does not answer.
  void look(std::optional<std::int64_t> gallery);

 private:
  /// What had been seen when the last clean-up began.
  struct Seen {
    std::int64_t gallery = 0;
    std::size_t dead_letters = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  store::Outbox& outbox_;
  store::OutboxDrainer& drainer_;
  store::People people_;
  std::optional<Seen> seen_;
  bool failing_ = false;
};

}  // namespace surveillx::mediaserver
