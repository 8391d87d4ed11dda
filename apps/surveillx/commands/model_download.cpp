#include "commands/model_download.hpp"

#include "surveillx/net/client.hpp"
#include "surveillx/vision/unpack.hpp"
#include "surveillx/vision/weights.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <unistd.h>

namespace surveillx::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kPiece = 1024 * 1024;
constexpr int kMaxRedirects = 5;
constexpr int kAttempts = 4;
/// No model known is a fifth of it: a server that sends more sends something else.
constexpr std::uintmax_t kMaxDownload = 512 * kPiece;

/// One request at a time on a loop of its own, waited for.
class Fetcher {
 public:
  Fetcher() {
    loop_.start("fetch");
    loop_.run_sync([this] { client_ = std::make_unique<net::HttpClient>(loop_); });
  }
  ~Fetcher() {
    loop_.run_sync([this] { client_.reset(); });
  }
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  Result<net::HttpResponse> get(std::string url, const std::string& range) {
    for (int i = 0; i <= kMaxRedirects; ++i) {
      auto response = once(url, range);
      if (!response) return response;
      if (response->status < 301 || response->status > 308 || response->status == 304) {
        return response;
      }
      const std::string next(response->headers.get("location"));
      // From https never to anything weaker.
      const bool weaker = url.starts_with("https://") && !next.starts_with("https://");
      if (next.find("://") == std::string::npos || weaker) {
        return Error{kDownloadFailed, "the server redirects to an address that is not followed"};
      }
      url = next;
    }
    return Error{kDownloadFailed, "the server redirects too often"};
  }

 private:
  Result<net::HttpResponse> once(const std::string& url, const std::string& range) {
    auto promise = std::make_shared<std::promise<Result<net::HttpResponse>>>();
    auto future = promise->get_future();
    net::ClientRequest request;
    request.url = url;
    request.headers.add("Range", range);
    request.headers.add("User-Agent", "surveillx");
    request.timeout = std::chrono::seconds(60);
    loop_.post([this, request = std::move(request), promise] {
      client_->request(request, [promise](Result<net::HttpResponse> response) {
        promise->set_value(std::move(response));
      });
    });
    return future.get();
  }

  net::EventLoop loop_;
  std::unique_ptr<net::HttpClient> client_;
};

/// The whole length in `bytes 0-99/1234` (RFC 9110 section 14.4).
std::optional<std::uintmax_t> whole_length(std::string_view content_range) {
  const auto slash = content_range.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = content_range.substr(slash + 1);
  std::uintmax_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return length;
}

void show_progress(const std::string& name, std::uintmax_t have, std::uintmax_t whole) {
  if (::isatty(STDERR_FILENO) == 0) return;
  const double mega = 1e-6;
  std::fprintf(stderr, "\r\033[K%s  %.1f of %.1f MB", name.c_str(),
               static_cast<double>(have) * mega, static_cast<double>(whole) * mega);
  if (have >= whole) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

Result<void> append(const fs::path& file, const SharedBytes& bytes, bool from_start) {
  std::ofstream out(file, std::ios::binary | (from_start ? std::ios::trunc : std::ios::app));
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.flush();
  if (!out) return Error{kIo, "cannot write " + file.string()};
  return {};
}

/// Fills `part` up to the whole file, going on behind what is there.
Result<void> download(const std::string& url, const fs::path& part) {
  Fetcher fetcher;
  int failures = 0;
  while (true) {
    std::error_code code;
    const std::uintmax_t have = fs::exists(part, code) ? fs::file_size(part, code) : 0;
    const auto response =
        fetcher.get(url, "bytes=" + std::to_string(have) + "-" + std::to_string(have + kPiece - 1));
    if (!response) {
      if (++failures < kAttempts) continue;
      return Error{kDownloadFailed, url + ": " + response.error().message +
                                        "; run the command again to go on where it ended"};
    }
    if (response->status == 416) {  // Nothing behind what we have: it was whole already.
      return {};
    }
    if (response->status == 200) {  // A server without ranges sends all of it.
      return append(part, response->body, true);
    }
    if (response->status != 206) {
      return Error{kDownloadFailed,
                   url + " answered with status " + std::to_string(response->status)};
    }
    failures = 0;
    if (auto written = append(part, response->body, false); !written) return written;
    const auto whole = whole_length(response->headers.get("content-range"));
    const std::uintmax_t now = have + response->body.size();
    if (!whole || response->body.size() == 0) {
      return Error{kDownloadFailed, url + " does not say how long the file is"};
    }
    if (*whole > kMaxDownload || now > kMaxDownload) {
      fs::remove(part, code);
      return Error{kDownloadFailed, url + " is larger than any model: is the address right?"};
    }
    show_progress(part.stem().string(), now, *whole);
    if (now >= *whole) return {};
  }
}

}  // namespace

Result<fs::path> download_model(const vision::ModelManifest& model, const fs::path& folder,
                                const std::string& mirror) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return Error{kIo, "cannot make the folder " + folder.string()};
  const bool packed = model.url.ends_with(".bz2");
  std::string url = model.url;
  if (!mirror.empty()) {
    url = mirror + (mirror.ends_with('/') ? "" : "/") + model.file + (packed ? ".bz2" : "");
  }
  const fs::path file = folder / model.file;
  const fs::path part = folder / (model.file + (packed ? ".bz2.part" : ".part"));
  if (auto done = download(url, part); !done) return done.error();
  fs::path fresh = part;
  if (packed) {
    fresh = folder / (model.file + ".new");
    auto unpacked = vision::unpack_bzip2(part, fresh);
    fs::remove(part, code);
    if (!unpacked) return unpacked.error();
  }
  const auto verified = vision::verify_weights(model, fresh);
  if (!verified) {
    // It would be wrong again after a resume.
    fs::remove(fresh, code);
    return Error{vision::kModelDamaged, "what " + url + " sent is not the known " + model.file +
                                            " (its SHA-256 differs); it was removed"};
  }
  fs::rename(fresh, file, code);
  if (code) return Error{kIo, "cannot write " + file.string()};
  return file;
}

}  // namespace surveillx::app
