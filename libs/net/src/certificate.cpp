#include "surveillx/base/bytes.hpp"
#include "surveillx/base/id.hpp"
#include "surveillx/net/client.hpp"
#include "surveillx/net/http_server.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
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

bool has_key(const std::string& file) {
  const Bio bio(BIO_new_file(file.c_str(), "r"));
  if (!bio) return false;
  char no_passphrase[] = "";  // Else OpenSSL would ask on the terminal.
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase)) != nullptr;
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

Result<std::string> certificate_pin(const std::string& pem_file) {
  const Certificate certificate = read_certificate(pem_file);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return Error{kBadCertificate, "there is no readable PEM certificate in " + pem_file};
  }
  return hex_encode({digest.data(), size});
}

Result<void> ensure_self_signed_certificate(const std::string& certificate_file,
                                            const std::string& key_file,
                                            const std::vector<std::string>& names) {
  std::error_code ignored;
  const PairLock lock(certificate_file);
  if (fs::exists(certificate_file, ignored) && fs::exists(key_file, ignored)) {
    if (!read_certificate(certificate_file)) {
      return Error{kBadCertificate, "there is no readable PEM certificate in " + certificate_file};
    }
    if (!has_key(key_file)) {
      return Error{kBadCertificate, "there is no readable PEM key in " + key_file};
    }
    return {};
  }
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? self_sign(key.get(), names) : nullptr;
  const Bio key_text(BIO_new(BIO_s_mem()));
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || !key_text || !certificate_text ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1) {
    return Error{kBadCertificate, "OpenSSL could not make a certificate"};
  }
  // The key first: were the power to fail in between, the pair would be made anew.
  if (auto written = write_atomically(key_file, contents(key_text.get()), 0600); !written) {
    return written.error();
  }
  return write_atomically(certificate_file, contents(certificate_text.get()), 0644);
}

}  // namespace surveillx::net
