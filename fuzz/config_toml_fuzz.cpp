// Any bytes as surveillx.toml: either a configuration or problems, never both and never an exception;
// each problem is one line without control characters, whatever the file holds; and what a
// configuration explains of itself can be given to it again.
#include "surveillx/config/keys.hpp"
#include "surveillx/config/load.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

using namespace surveillx;

namespace {

/// The loader reads files; this one is in memory.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("surveillx.toml", MFD_CLOEXEC)) {
    if (fd_ < 0) std::abort();
  }
  void fill(const std::uint8_t* data, std::size_t size) const {
    if (ftruncate(fd_, 0) != 0 || lseek(fd_, 0, SEEK_SET) != 0) std::abort();
    if (write(fd_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

bool is_secret(const std::string& key) {
  for (const auto& known : config::keys()) {
    if (known.name == key) return known.secret;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile kFile;
  kFile.fill(data, size);
  config::LoadOptions options;
  options.file = kFile.path();
  options.data_dir = "/nonexistent/surveillx";
  options.create_data_dir = false;
  options.environment = {{"HOME", "/nonexistent"}, {"TZ", "UTC"}};
  options.search.clear();

  const auto problems = config::check(options);
  const auto loaded = config::load(options);
  if (loaded.has_value() != problems.empty()) std::abort();
  for (const auto& problem : problems) {
    for (const char c : problem.text()) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
    }
  }
  if (!loaded) return 0;
  for (const auto& value : config::explain(*loaded)) {
    if (is_secret(value.key) && !value.value.empty() && value.value != "********") std::abort();
  }
  return 0;
}
