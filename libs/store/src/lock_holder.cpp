#include "lock_holder.hpp"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace surveillx::store {

namespace {

/// The byte of the -shm file that SQLite's writer locks in WAL mode (WAL_WRITE_LOCK, wal.c).
constexpr std::uint64_t kWalWriteLock = 120;

struct Lock {
  bool write = false;
  pid_t pid = 0;
  std::uint64_t inode = 0;
  std::uint64_t start = 0;
};

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A line of proc_locks(5): `3: POSIX  ADVISORY  READ 17288 fe:00:10952994 128 128`. One who waits
/// for a lock has an arrow after the number.
std::optional<Lock> parse(const std::string& line) {
  std::istringstream words(line);
  std::string index, kind, advisory, access, pid, place, start;
  words >> index >> kind >> advisory >> access >> pid >> place >> start;
  if (kind != "POSIX") return std::nullopt;
  const auto process = number<pid_t>(pid);
  const auto inode = number<std::uint64_t>(std::string_view(place).substr(place.rfind(':') + 1));
  const auto begin = number<std::uint64_t>(start);
  if (!process || !inode || !begin) return std::nullopt;
  return Lock{access == "WRITE", *process, *inode, *begin};
}

std::uint64_t inode_of(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// The kernel's name of a process, and for ours which command it is.
std::string describe(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream name_file(folder + "/comm");
  std::string name;
  std::getline(name_file, name);
  if (name.empty()) return "another program";
  const std::string process = " (process " + std::to_string(pid) + ")";
  std::ifstream command_line(folder + "/cmdline", std::ios::binary);
  std::string program;
  std::string word;
  std::getline(command_line, program, '\0');
  std::getline(command_line, word, '\0');
  if (program.substr(program.rfind('/') + 1) == "surveillx") {
    return "`surveillx" + (word.empty() || word.starts_with('-') ? "" : " " + word) + "`" + process;
  }
  return "another program, " + name + process;
}

}  // namespace

std::string lock_holder(const std::filesystem::path& database, HeldLock wanted) {
  const std::uint64_t file = inode_of(database.string());
  const std::uint64_t index = inode_of(database.string() + "-shm");
  std::ifstream table("/proc/locks");
  for (std::string line; std::getline(table, line);) {
    const auto lock = parse(line);
    if (!lock || lock->pid == ::getpid()) continue;
    const bool writes = (lock->inode == index && index != 0 && lock->write &&
                         lock->start == kWalWriteLock) ||
                        (lock->inode == file && lock->write);
    const bool present = lock->inode == file || (lock->inode == index && index != 0);
    if (file != 0 && (wanted == HeldLock::write ? writes : present)) return describe(lock->pid);
  }
  return "another program";
}

}  // namespace surveillx::store
