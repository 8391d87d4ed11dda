#include "files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace surveillx::store {

bool is_postgresql(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

Result<std::filesystem::path> sqlite_file(const DatabaseOptions& options) {
  constexpr std::string_view kScheme = "sqlite:";
  std::filesystem::path file = options.url.empty()
                                   ? options.data_dir / "surveillx.db"
                                   : std::filesystem::path(options.url.substr(kScheme.size()));
  if (file.empty() || (options.url.empty() && options.data_dir.empty())) {
    return Error{kBadDatabaseUrl, "database.url names no file; write sqlite:PATH"};
  }
  return file;
}

Result<void> make_private_file(const std::filesystem::path& file) {
  if (::mknod(file.c_str(), S_IFREG | 0600, 0) == 0) return {};
  if (errno == EEXIST) {
    return Error{kAlreadyExists, file.string() + " exists already; name another file"};
  }
  return Error{kIo, file.string() + ": " + std::generic_category().message(errno)};
}

Result<void> make_private_folder(const std::filesystem::path& folder) {
  std::error_code code;
  if (!folder.empty() && std::filesystem::create_directories(folder, code)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
  }
  if (code) {
    return Error{kIo, "the folder " + folder.string() + " cannot be created: " + code.message()};
  }
  return {};
}

Result<void> sync_path(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced) return Error{kIo, path.string() + ": cannot be written to disk"};
  return {};
}

std::string existing_file_uri(const std::filesystem::path& file) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string uri = "file:";
  // An absolute path: after "file:" a name that begins with two slashes would be a host's.
  for (const char c : std::filesystem::absolute(file).lexically_normal().string()) {
    if (kPlain.find(c) != std::string_view::npos) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kDigits[byte >> 4];
    uri += kDigits[byte & 0xf];
  }
  return uri + "?mode=rw";
}

}  // namespace surveillx::store
