#include "surveillx/net/file_source.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/net/static_files.hpp"

#include "http_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace surveillx::net {
namespace {

constexpr std::uint64_t kPieceBytes = 64 * 1024;

std::string reason_of(int error) { return std::generic_category().message(error); }

/// The bytes from `offset`, as many as `size` unless the file ends or fails before.
Result<SharedBytes> read_at(int fd, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size);
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(fd, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{kIo, "the file cannot be read: " + reason_of(errno)};
    if (n == 0) return Error{kIo, "the file became shorter while it was sent"};
    got += static_cast<std::size_t>(n);
  }
  return SharedBytes(std::move(bytes));
}

}  // namespace

Result<std::shared_ptr<FileSource>> FileSource::open(const std::filesystem::path& path,
                                                     WorkerPool& pool) {
  // Without waiting for whoever writes to a FIFO.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const int error = errno;
    return Error{error == ENOENT || error == ENOTDIR ? kNotFound : kIo,
                 "the file cannot be opened: " + reason_of(error)};
  }
  std::shared_ptr<FileSource> source(new FileSource(fd, pool));
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{kIo, "this is no regular file"};
  }
  source->length_ = static_cast<std::uint64_t>(info.st_size);
  source->modified_ = info.st_mtim.tv_sec;
  std::array<char, 80> etag{};
  std::snprintf(etag.data(), etag.size(), "\"%llx-%llx%09lx-%llx\"",
                static_cast<unsigned long long>(info.st_size),
                static_cast<unsigned long long>(info.st_mtim.tv_sec),
                static_cast<unsigned long>(info.st_mtim.tv_nsec),
                static_cast<unsigned long long>(info.st_ino));
  source->etag_ = etag.data();
  return source;
}

FileSource::~FileSource() { ::close(fd_); }

void FileSource::next(Give give) {
  const auto size = static_cast<std::size_t>(std::min(length_, kPieceBytes));
  if (size == 0) return give(SharedBytes());
  const std::uint64_t offset = offset_;
  offset_ += size;
  length_ -= size;
  auto read = [self = shared_from_this(), offset, size, give] {
    give(read_at(self->fd_, offset, size));
  };
  if (!pool_.post_cleanup(std::move(read))) give(Error{kUnavailable, "the pool is stopping"});
}

bool FileSource::narrow(const ByteRange& part) {
  offset_ = part.first;
  length_ = part.length;
  return true;
}

HttpResponse file_response(const HttpRequest& request, const std::filesystem::path& path,
                           WorkerPool& pool) {
  auto source = FileSource::open(path, pool);
  if (!source) {
    if (source.error().is(kNotFound)) {
      return HttpResponse::problem(404, "not_found", "There is nothing at this address.");
    }
    log::error("http.file_failed", {{"error", source.error().message}});
    return HttpResponse::failed();
  }
  const FileSource& file = **source;
  HttpResponse response;
  response.headers.add("ETag", file.etag());
  response.headers.add("Last-Modified", http_date(file.modified()));
  response.headers.add("Cache-Control", "no-cache");
  const std::string_view known = request.headers.get("If-None-Match");
  const auto since =
      known.empty() ? parse_http_date(request.headers.get("If-Modified-Since")) : std::nullopt;
  if (any_etag_matches(known, file.etag()) || (since && file.modified() <= *since)) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", std::string(content_type_of(path.native())));
  response.source = std::move(*source);
  return in_range(request, std::move(response));
}

}  // namespace surveillx::net
