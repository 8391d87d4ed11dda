#include "server_tls.hpp"

#include "surveillx/base/log.hpp"

#include "tls.hpp"

#include <sys/stat.h>
#include <utility>

namespace surveillx::net {
namespace {

constexpr std::chrono::hours kCareEvery{1};
constexpr std::chrono::hours kWarnEvery{24};

}  // namespace

Result<std::shared_ptr<ServerTls>> ServerTls::open(EventLoop& loop, TlsFiles files,
                                                   std::chrono::milliseconds interval) {
  if (auto made = ensure_certificate(files); !made) return made.error();
  auto tls = std::make_shared<ServerTls>(loop, std::move(files), interval);
  tls->loaded_state_ = tls->state_of_files();
  if (auto loaded = tls->load(); !loaded) return loaded.error();
  return tls;
}

ServerTls::ServerTls(EventLoop& loop, TlsFiles files, std::chrono::milliseconds interval)
    : files_(std::move(files)), interval_(interval), timer_(loop) {}

void ServerTls::start() {
  care();
  timer_.start_repeating(interval_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->poll();
  });
}

std::string ServerTls::state_of_files() const {
  std::string state;
  for (const std::string* file : {&files_.certificate_file, &files_.key_file}) {
    struct stat info {};
    if (::stat(file->c_str(), &info) != 0) {
      state += "missing ";
      continue;
    }
    for (const auto part : {static_cast<long long>(info.st_ino), static_cast<long long>(info.st_size),
                            static_cast<long long>(info.st_mtim.tv_sec),
                            static_cast<long long>(info.st_mtim.tv_nsec)}) {
      state += std::to_string(part) + " ";
    }
  }
  return state;
}

Result<void> ServerTls::load() {
  auto context = server_tls(files_);
  if (!context) return context.error();
  auto info = read_certificate_info(files_.certificate_file);
  if (!info) return info.error();
  context_ = std::move(*context);
  expires_ = info->expires.time_since_epoch().count();
  return {};
}

void ServerTls::poll() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_care_) care();
  const std::string state = state_of_files();
  if (state == loaded_state_) return;
  // Who renews mostly writes one file after the other, so a pair that does not fit is tried again at
  // each turn, and told once.
  auto loaded = load();
  if (!loaded) {
    if (state == refused_state_) return;
    refused_state_ = state;
    ++refused_;
    log::warn("tls.certificate_not_taken",
              {{"error", loaded.error().message}, {"fix", "the one from before stays in use"}});
    return;
  }
  loaded_state_ = state;
  refused_state_.clear();
  ++reloads_;
  next_care_ = {};
  next_warning_ = {};
  log::info("tls.certificate_reloaded", {{"file", files_.certificate_file}});
}

/// What is looked at now and then: our own certificate's renewal, and how long the other lasts.
void ServerTls::care() {
  const auto now = std::chrono::steady_clock::now();
  next_care_ = now + kCareEvery;
  if (auto made = ensure_certificate(files_); !made) {
    log::warn("tls.certificate_not_renewed", {{"error", made.error().message}});
  }
  CertificateInfo info;
  info.expires = expires();
  const auto days = info.days_left(std::chrono::system_clock::now());
  if (days > kCertificateWarningDays || now < next_warning_) return;
  next_warning_ = now + kWarnEvery;
  log::warn(days < 0 ? "tls.certificate_expired" : "tls.certificate_expires_soon",
            {{"file", files_.certificate_file},
             {"days_left", days},
             {"fix", "put a renewed one there; it is taken without a restart"}});
}

}  // namespace surveillx::net
