#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace surveillx::app {

/// Where a server of this data directory answers.
struct RunningServer {
  std::string url;
  pid_t pid = 0;
};

/// `run/addresses.json` in the data directory, for commands and scripts: what `web` and `media` got
/// when their configuration left the port to the system, or simply where they are.
///   {"web": {"url": "http://127.0.0.1:5000", "pid": 71}, "signaling": {...}}
struct RunningServers {
  std::optional<RunningServer> web;
  std::optional<RunningServer> signaling;
};
/// Entries of processes that have ended without saying so are left out.
[[nodiscard]] RunningServers read_running_servers(const std::string& data_dir);
/// For `up`, before its children start and after they have ended.
void clear_running_servers(const std::string& data_dir);

/// This process's entry, there while the object is. The file is replaced whole, under a lock, and
/// goes with the last entry.
class AddressEntry {
 public:
  /// `name` is `web` or `signaling`. Throws a Failure when the file cannot be written.
  AddressEntry(const std::string& data_dir, std::string name, const std::string& url);
  ~AddressEntry();
  AddressEntry(const AddressEntry&) = delete;
  AddressEntry& operator=(const AddressEntry&) = delete;

 private:
  std::string data_dir_;
  std::string name_;
};

/// What a server says with --json once it serves, one line: `{"web": "http://127.0.0.1:5000"}`.
void print_ready_line(const std::string& name, const std::string& url);

}  // namespace surveillx::app
