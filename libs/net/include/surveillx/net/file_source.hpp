#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/body_source.hpp"
#include "surveillx/net/http.hpp"

#include <ctime>
#include <filesystem>
#include <memory>
#include <string>

namespace surveillx::net {

/// A file as the body of an answer, read 64 KiB at a time on a pool, which outlives the server.
/// Each answer has at most one read there, which is queued however full the pool is. The file may
/// be removed once it is open; one that becomes shorter meanwhile fails.
class FileSource final : public BodySource, public std::enable_shared_from_this<FileSource> {
 public:
  /// `not_found`, or `io_error` also for what is no regular file. Blocks. The caller vouches for
  /// the path.
  [[nodiscard]] static Result<std::shared_ptr<FileSource>> open(const std::filesystem::path& path,
                                                                WorkerPool& pool);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return length_; }
  void next(Give give) override;
  [[nodiscard]] bool narrow(const ByteRange& part) override;

  [[nodiscard]] std::time_t modified() const { return modified_; }
  /// Strong: from size, time in nanoseconds and inode. With its quotes.
  [[nodiscard]] const std::string& etag() const { return etag_; }

 private:
  FileSource(int fd, WorkerPool& pool) : fd_(fd), pool_(pool) {}

  int fd_;
  WorkerPool& pool_;
  std::uint64_t length_ = 0;
  std::uint64_t offset_ = 0;  ///< Of the next byte, before `length_` that are left.
  std::time_t modified_ = 0;
  std::string etag_;
};

/// A file as the answer to a GET or HEAD: with ETag and Last-Modified, 304 for who has it already
/// (If-None-Match, else If-Modified-Since), 206 and 416 for ranges, 404 when there is none. Blocks,
/// so for a blocking handler; `pool` as FileSource has it.
[[nodiscard]] HttpResponse file_response(const HttpRequest& request,
                                         const std::filesystem::path& path, WorkerPool& pool);

}  // namespace surveillx::net
