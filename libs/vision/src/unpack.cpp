#include "surveillx/vision/unpack.hpp"

#include <bzlib.h>

#include <algorithm>
#include <fstream>
#include <new>
#include <string>
#include <vector>

namespace surveillx::vision {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBuffer = 256 * 1024;

/// A bz_stream for as long as it lives.
class Decompressor {
 public:
  Decompressor() { begin(); }
  ~Decompressor() { BZ2_bzDecompressEnd(&stream_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// For the next of several streams in one file, which bzip2 takes for one.
  void restart() {
    BZ2_bzDecompressEnd(&stream_);
    const bz_stream rest = stream_;
    stream_ = {};
    stream_.next_in = rest.next_in;
    stream_.avail_in = rest.avail_in;
    begin();
  }
  [[nodiscard]] bz_stream& stream() { return stream_; }

 private:
  void begin() {
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw std::bad_alloc();
  }
  bz_stream stream_{};
};

Result<void> unpack(std::ifstream& in, std::ofstream& out, std::uintmax_t most,
                    const std::string& name) {
  const Error damaged{kUnpackFailed, name + " is no whole bzip2 file; remove it and try again"};
  Decompressor decompressor;
  bz_stream& stream = decompressor.stream();
  std::vector<char> packed(kBuffer);
  std::vector<char> plain(kBuffer);
  std::uintmax_t written = 0;
  bool ended = false;
  while (true) {
    if (stream.avail_in == 0) {
      in.read(packed.data(), static_cast<std::streamsize>(packed.size()));
      stream.next_in = packed.data();
      stream.avail_in = static_cast<unsigned>(in.gcount());
      if (stream.avail_in == 0) break;
    }
    if (ended) decompressor.restart();
    stream.next_out = plain.data();
    stream.avail_out = static_cast<unsigned>(plain.size());
    const int state = BZ2_bzDecompress(&stream);
    if (state != BZ_OK && state != BZ_STREAM_END) return damaged;
    const std::size_t got = plain.size() - stream.avail_out;
    written += got;
    if (written > most) {
      return Error{kUnpackFailed, name + " unpacks to more than " + std::to_string(most) +
                                      " bytes, which no model does; it is not unpacked"};
    }
    out.write(plain.data(), static_cast<std::streamsize>(got));
    ended = state == BZ_STREAM_END;
  }
  if (!ended) return damaged;
  out.flush();
  if (!out) return Error{kIo, "cannot write what " + name + " unpacks to: is the disk full?"};
  return {};
}

}  // namespace

Result<void> unpack_bzip2(const fs::path& packed, const fs::path& file,
                          const UnpackLimits& limits) {
  std::error_code code;
  const std::uintmax_t size = fs::file_size(packed, code);
  std::ifstream in(packed, std::ios::binary);
  if (code || !in) return Error{kIo, "cannot read " + packed.string()};
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out) return Error{kIo, "cannot write " + file.string()};
  const auto done =
      unpack(in, out, std::min(limits.max_bytes, size * limits.max_ratio), packed.string());
  out.close();
  if (!done) fs::remove(file, code);
  return done;
}

}  // namespace surveillx::vision
