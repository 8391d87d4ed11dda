#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "database_health.hpp"
#include "follower_pulse.hpp"
#include "surveillx/store/revision.hpp"

namespace surveillx::mediaserver {

/// Looks at the database's revisions twice a second on a thread of its own, and tells those who read
/// what has changed. They run one after another on that thread, so none of them may take long.
class RevisionFollower {
 public:
  struct Reader {
    std::string_view name;  ///< A literal.
    std::int64_t store::Revisions::*counter;  ///< What moves when there is something to read.
    int calls = 1;  ///< Of the database, at most: by them it is known when reading hangs.
    /// What was not read whole is asked for again at the next look; the other readers are not held
    /// up by it.
    std::function<Result<void>()> read;
  };
  /// After each look, on the follower's thread: what the database said, or nothing when it did not
  /// answer, or not to all.
  using OnLook = std::function<void(const std::optional<store::Revisions>&)>;

  /// `pulse` shows from `start` to `stop` that the thread is alive. No step's limit can be reached by
  /// waiting for the database, whose calls end by limits of their own.
  RevisionFollower(store::Revision revision, DatabaseHealth& health, std::vector<Reader> readers,
                   OnLook on_look, FollowerPulse& pulse);
  ~RevisionFollower();

  /// Has everybody read once, on the calling thread and before `start`, so that the server begins
  /// with it.
  [[nodiscard]] Result<void> load_now();
  void start();
  /// Looks now instead of at the next half second. Any thread.
  void wake();
  /// Nobody is called any more when this returns.
  void stop();

 private:
  struct Follower {
    Reader reader;
    std::optional<std::int64_t> seen;
  };

  void run();
  void look();
  void tell_look(const std::optional<store::Revisions>& revisions);
  [[nodiscard]] Result<void> look_at(const store::Revisions& revisions);

  store::Revision revision_;
  DatabaseHealth& health_;
  std::vector<Follower> followers_;
  OnLook on_look_;
  FollowerPulse& pulse_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace surveillx::mediaserver
