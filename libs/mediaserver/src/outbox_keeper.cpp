#include "outbox_keeper.hpp"

#include <utility>

#include "surveillx/base/log.hpp"
#include "surveillx/store/dead_letter_box.hpp"

namespace surveillx::mediaserver {

void OutboxKeeper::look(std::optional<std::int64_t> gallery) {
  Result<void> done;
  if (const auto changed = outbox_.refresh(); !changed) {
    done = changed.error();
  } else if (*changed) {
    drainer_.notify();
  }
  if (done && gallery) {
    // A letter may also be set aside after the removal of its person was seen.
    const Seen now{*gallery, outbox_.dead_letter_count()};
    if (seen_ != now) {
      const auto forgotten = store::forget_removed_people(outbox_, people_);
      if (forgotten) {
        seen_ = Seen{*gallery, outbox_.dead_letter_count()};
      } else {
        done = forgotten.error();
      }
    }
  }
  if (!done) {
    if (!std::exchange(failing_, true)) {
      log::error("outbox.keeper_failed", {{"error", done.error().name.text()},
                                          {"detail", done.error().message}});
    }
    return;
  }
  failing_ = false;
}

}  // namespace surveillx::mediaserver
