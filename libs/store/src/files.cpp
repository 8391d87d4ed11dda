#include "files.hpp"

#include <cerrno>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

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
