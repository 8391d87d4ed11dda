#pragma once

#include "surveillx/test_support/support.hpp"

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace surveillx::test_support {

/// A real PostgreSQL in a temporary folder, on a free port of 127.0.0.1, without fsync. Its server
/// process dies with the test program, however that ends. Run as root it runs as user `postgres`,
/// since PostgreSQL refuses root.
class PostgresServer {
 public:
  /// The one server of this test program, started at its first use and stopped at the program's
  /// end. Null, with a message on stderr, on machines without the server's programs: skip then.
  /// With $SURVEILLX_TEST_COMPLETE set, as test.sh does, it throws instead, so that the test fails.
  [[nodiscard]] static PostgresServer* shared();

  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  /// Creates an empty database and returns its address, `postgresql://postgres@127.0.0.1:...`.
  [[nodiscard]] std::string create_database();
  /// Stops the server at once, cutting its connections; `start` brings it back on the same port.
  void stop();
  void start();
  void restart() {
    stop();
    start();
  }

 private:
  PostgresServer(std::string bin, std::string user);
  /// Starts a program of the server's folder as the server's user.
  [[nodiscard]] pid_t spawn(const std::string& program, std::vector<std::string> arguments,
                            bool quiet) const;
  void run(const std::string& program, std::vector<std::string> arguments) const;
  [[nodiscard]] bool ready() const;

  TempDir dir_;
  std::string bin_;
  std::string user_;  ///< Empty: our own.
  int port_ = 0;
  int databases_ = 0;
  pid_t server_ = -1;
};

}  // namespace surveillx::test_support
