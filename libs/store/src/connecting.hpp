#pragma once

#include "surveillx/store/database.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace soci {
class session;
}

namespace surveillx::store {

/// What an answer needs after the server has given a statement up.
inline constexpr std::chrono::milliseconds kAnswerTime{3'000};

/// A session ready for use.
struct OpenedSession {
  std::unique_ptr<soci::session> session;  ///< May be null.
  /// How long to wait for the answer to a statement before the connection is taken for dead, which
  /// is a little longer than the server gives it; zero: for ever.
  std::chrono::milliseconds limit{0};
};

/// One attempt to open a PostgreSQL session, on a thread of its own: looking up the name,
/// connecting and signing in block inside libraries in ways that nothing can cut short, and a
/// server whose packets are swallowed must not keep a worker or the end of the process. Who has
/// waited enough leaves the attempt behind; its thread closes what it still gets.
class Attempt {
 public:
  using Open = std::function<OpenedSession()>;
  [[nodiscard]] static std::shared_ptr<Attempt> begin(Open open);
  ~Attempt();

  /// The session; throws what opening it threw; null when `limit` has passed or `leave` was called.
  [[nodiscard]] OpenedSession wait(std::chrono::milliseconds limit);
  /// From any thread: ends the wait.
  void leave();
  [[nodiscard]] bool finished() const;

 private:
  Attempt() = default;
  void run(const Open& open);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  OpenedSession opened_;
  std::exception_ptr failure_;
  bool finished_ = false;
  bool left_ = false;
};

/// Opens a session on `target` and sets the limits that neither the address nor the server's
/// configuration sets. Throws soci::soci_error.
[[nodiscard]] OpenedSession open_postgresql(const std::string& target,
                                            std::chrono::milliseconds limit);

/// Opens a session on the file, which must be there, in WAL mode. `wait` is called while another
/// program holds the lock, now and at every later statement: true to try again. It must outlive the
/// session. Throws soci::soci_error.
[[nodiscard]] std::unique_ptr<soci::session> open_sqlite(const std::string& file,
                                                         std::function<bool()>& wait);

/// The socket of a PostgreSQL session; -1 when it has none.
[[nodiscard]] int socket_of(soci::session& session);

}  // namespace surveillx::store
