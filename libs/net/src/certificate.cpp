#include "surveillx/net/certificate.hpp"

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/id.hpp"
#include "surveillx/base/log.hpp"

#include "tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace surveillx::net {
namespace {

namespace fs = std::filesystem;

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};
void free_bio(BIO* bio) { BIO_free_all(bio); }
using Bio = std::unique_ptr<BIO, Release<BIO, &free_bio>>;
using Certificate = std::unique_ptr<X509, Release<X509, &X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, &EVP_PKEY_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION, &X509_EXTENSION_free>>;

Certificate read_certificate(const std::string& file) {
  const Bio bio(BIO_new_file(file.c_str(), "r"));
  return Certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

Key read_key(const std::string& file) {
  const Bio bio(BIO_new_file(file.c_str(), "r"));
  if (!bio) return nullptr;
  char no_passphrase[] = "";  // Else OpenSSL would ask on the terminal.
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase));
}

/// The DNS names and IP addresses of subjectAltName, as text.
std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> out;
  const std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES, &GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    const auto* text = static_cast<const ASN1_STRING*>(value);
    if (type == GEN_DNS) {
      out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
    } else if (type == GEN_IPADD) {
      std::array<char, INET6_ADDRSTRLEN> address{};
      const int family = ASN1_STRING_length(text) == 4 ? AF_INET : AF_INET6;
      if (inet_ntop(family, ASN1_STRING_get0_data(text), address.data(), address.size())) {
        out.emplace_back(address.data());
      }
    }
  }
  return out;
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

Error unreadable(const std::string& file) {
  return {kBadCertificate, "there is no readable PEM certificate in " + file};
}

/// As `names_of` writes it.
std::string canonical(const std::string& name) {
  boost::system::error_code not_address;
  const auto address = boost::asio::ip::make_address(name, not_address);
  return not_address ? name : address.to_string();
}

/// Why a self-signed certificate has to be made anew with its key; empty: it need not.
std::string reason_to_renew(X509* certificate, EVP_PKEY* key,
                            const std::vector<std::string>& names) {
  if (X509_check_private_key(certificate, key) != 1) return "it belongs to another key";
  const auto ends = time_of(X509_get0_notAfter(certificate));
  if (ends < std::chrono::system_clock::now() + std::chrono::hours(24 * 30)) return "it ends soon";
  const auto has = names_of(certificate);
  for (const std::string& name : names) {
    if (std::find(has.begin(), has.end(), canonical(name)) == has.end()) {
      return name + " is missing";
    }
  }
  return {};
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

/// Writes beside `file` and renames, so that nobody ever reads half of it; the mode holds from the
/// file's creation on.
Result<void> write_atomically(const std::string& file, std::string_view text, mode_t mode) {
  const std::string temporary = file + "." + new_uuid() + ".tmp";
  const auto failed = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    ::unlink(temporary.c_str());
    return Error{kIo, std::string("cannot ") + what + " " + file + ": " + reason};
  };
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return failed("create");
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int reason = errno;
      ::close(fd);
      errno = reason;
      return failed("write");
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool synced = ::fsync(fd) == 0;
  if (::close(fd) != 0 || !synced) return failed("write");
  if (::rename(temporary.c_str(), file.c_str()) != 0) return failed("rename");
  return {};
}

/// Held while a pair is looked for and made: of two processes that start at once, one would else
/// keep the other's key beside its own certificate.
class PairLock {
 public:
  /// On the folder itself, so that no file of its own is left there.
  explicit PairLock(const fs::path& certificate_file) {
    const fs::path folder =
        certificate_file.has_parent_path() ? certificate_file.parent_path() : ".";
    fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~PairLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  PairLock(const PairLock&) = delete;
  PairLock& operator=(const PairLock&) = delete;

 private:
  int fd_ = -1;  ///< Negative where there is no such folder: then nothing is made either.
};

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate self_sign(EVP_PKEY* key, const std::vector<std::string>& names) {
  std::string alternatives;
  for (const std::string& name : names) {
    boost::system::error_code not_address;
    boost::asio::ip::make_address(name, not_address);
    alternatives +=
        (alternatives.empty() ? "" : ",") + std::string(not_address ? "DNS:" : "IP:") + name;
  }
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return nullptr;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);  // Positive, of full length.

  Certificate certificate(X509_new());
  X509* x = certificate.get();
  const auto* common_name = reinterpret_cast<const unsigned char*>("SurveillX");
  constexpr long kTenYears = 60L * 60 * 24 * 3652;
  // A clock that is a little ahead must not make the certificate "not yet valid" elsewhere.
  constexpr long kOneDay = 60L * 60 * 24;
  std::unique_ptr<BIGNUM, Release<BIGNUM, &BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  const bool ok = x != nullptr && number && X509_set_version(x, X509_VERSION_3) == 1 &&
                  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x)) != nullptr &&
                  X509_gmtime_adj(X509_getm_notBefore(x), -kOneDay) != nullptr &&
                  X509_gmtime_adj(X509_getm_notAfter(x), kTenYears) != nullptr &&
                  X509_set_pubkey(x, key) == 1 &&
                  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                             common_name, -1, -1, 0) == 1 &&
                  X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
                  add_extension(x, NID_subject_key_identifier, "hash") &&
                  add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(x, NID_key_usage, "critical,digitalSignature") &&
                  add_extension(x, NID_ext_key_usage, "serverAuth") &&
                  (alternatives.empty() || add_extension(x, NID_subject_alt_name, alternatives)) &&
                  X509_sign(x, key, EVP_sha256()) > 0;
  if (!ok) certificate.reset();
  return certificate;
}

}  // namespace

std::int64_t CertificateInfo::days_left(std::chrono::system_clock::time_point now) const {
  return std::chrono::floor<std::chrono::days>(expires - now).count();
}

Result<CertificateInfo> read_certificate_info(const std::string& pem_file) {
  const Certificate certificate = read_certificate(pem_file);
  if (!certificate) return unreadable(pem_file);
  CertificateInfo info;
  info.pin = key_pin(certificate.get());
  info.expires = time_of(X509_get0_notAfter(certificate.get()));
  info.self_signed = X509_check_issued(certificate.get(), certificate.get()) == X509_V_OK;
  info.names = names_of(certificate.get());
  if (info.pin.empty()) return unreadable(pem_file);
  return info;
}

Result<std::string> certificate_pin(const std::string& pem_file) {
  auto info = read_certificate_info(pem_file);
  if (!info) return info.error();
  return std::move(info->pin);
}

Result<void> check_certificate_pair(const TlsFiles& files) {
  auto context = server_tls(files);
  if (!context) return context.error();
  return {};
}

std::vector<std::string> machine_names() {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  const auto add = [&](std::string name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  };
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) {
    const std::string name(host.data());
    // Underscores and the like are legal here and not in a certificate.
    const bool fits = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789.-") == std::string::npos;
    if (fits) add(name);
  }
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return names;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    // IPv6 addresses of an interface come and go by the day, and each would cost a new certificate.
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_UP) == 0) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
    if (inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size())) add(text.data());
  }
  ::freeifaddrs(first);
  return names;
}

Result<void> ensure_self_signed_certificate(const std::string& certificate_file,
                                            const std::string& key_file,
                                            const std::vector<std::string>& names) {
  std::error_code code;
  if (const fs::path folder = fs::path(key_file).parent_path();
      !folder.empty() && fs::create_directory(folder, code)) {
    fs::permissions(folder, fs::perms::owner_all, code);
  }
  const PairLock lock(certificate_file);
  const bool key_there = fs::exists(key_file, code);
  const bool certificate_there = fs::exists(certificate_file, code);
  Key key = key_there ? read_key(key_file) : Key(EVP_EC_gen("P-256"));
  if (key_there && !key) {
    return Error{kBadCertificate, "there is no readable PEM key in " + key_file};
  }
  std::string reason;
  if (certificate_there) {
    const Certificate certificate = read_certificate(certificate_file);
    if (!certificate) return unreadable(certificate_file);
    reason = key ? reason_to_renew(certificate.get(), key.get(), names) : "";
    if (reason.empty() && key_there) return {};
  }
  const Certificate certificate = key ? self_sign(key.get(), names) : nullptr;
  const Bio key_text(BIO_new(BIO_s_mem()));
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || !key_text || !certificate_text ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1) {
    return Error{kBadCertificate, "OpenSSL could not make a certificate"};
  }
  // The key first: were the power to fail in between, its certificate would be made at the next start.
  if (!key_there) {
    if (auto written = write_atomically(key_file, contents(key_text.get()), 0600); !written) {
      return written.error();
    }
  }
  if (auto written = write_atomically(certificate_file, contents(certificate_text.get()), 0644);
      !written) {
    return written.error();
  }
  if (certificate_there) {
    log::info("tls.certificate_renewed", {{"file", certificate_file}, {"why", reason}});
  }
  return {};
}

Result<void> ensure_certificate(const TlsFiles& files) {
  if (!files.self_signed) return {};
  auto names = machine_names();
  for (const std::string& name : files.names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return ensure_self_signed_certificate(files.certificate_file, files.key_file, names);
}

}  // namespace surveillx::net
