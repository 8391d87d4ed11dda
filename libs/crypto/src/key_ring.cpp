#include "surveillx/crypto/key_ring.hpp"

#include "sodium.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace surveillx::crypto {

namespace {

constexpr std::size_t kMasterBytes = crypto_kdf_KEYBYTES;
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kHeaderBytes = 1 + kKeyIdBytes + kNonceBytes;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Error file_error(ErrorName name, const std::filesystem::path& file, const std::string& what) {
  return {name, "key file " + file.string() + ": " + what};
}

std::string errno_text(int code) { return std::generic_category().message(code); }

/// Writes the whole of a new key to a temporary file and links it to its name, which fails when
/// another process was faster; its key then counts. A reader never sees half a key.
Result<void> create_key_file(const std::filesystem::path& file) {
  const std::filesystem::path folder =
      file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code code;
  if (std::filesystem::create_directories(folder, code)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
  }
  if (code) return file_error(kIo, file, "cannot create its folder: " + code.message());

  std::string temporary = (folder / ".master.key.XXXXXX").string();
  const Descriptor out(::mkostemp(temporary.data(), O_CLOEXEC));  // Created with mode 0600.
  if (out.get() < 0) return file_error(kIo, file, "cannot be created: " + errno_text(errno));

  std::array<std::uint8_t, kMasterBytes> key{};
  randombytes_buf(key.data(), key.size());
  const bool written =
      ::write(out.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
      ::fsync(out.get()) == 0;
  const int write_error = errno;
  sodium_memzero(key.data(), key.size());
  if (!written) {
    ::unlink(temporary.c_str());
    return file_error(kIo, file, "cannot be written: " + errno_text(write_error));
  }
  const int linked = ::link(temporary.c_str(), file.c_str());
  const int link_error = errno;
  ::unlink(temporary.c_str());
  if (linked != 0 && link_error != EEXIST) {
    return file_error(kIo, file, "cannot be created: " + errno_text(link_error));
  }
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
  return {};
}

}  // namespace

/// In memory that libsodium locks against swapping and wipes when it is freed.
struct KeyRing::Keys {
  Keys() : blob(static_cast<std::uint8_t*>(sodium_malloc(kBlobKeyBytes))) {
    if (blob == nullptr) throw Failure(Error{kInternal, "cannot lock memory for keys"});
  }
  ~Keys() {
    sodium_free(blob);
    sodium_memzero(media_token.data(), media_token.size());
  }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  /// What is authenticated beside the ciphertext: the header's first part and the row's name.
  [[nodiscard]] Bytes associated_data(std::string_view bound_to) const {
    Bytes data{kFormat};
    data.insert(data.end(), key_id.begin(), key_id.end());
    data.insert(data.end(), bound_to.begin(), bound_to.end());
    return data;
  }

  static constexpr std::size_t kBlobKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
  std::uint8_t* blob;
  std::array<std::uint8_t, kKeyIdBytes> key_id{};
  std::string id;
  std::string media_token;
};

KeyRing KeyRing::from_master(ByteView master) {
  auto keys = std::make_shared<Keys>();
  crypto_kdf_derive_from_key(keys->blob, Keys::kBlobKeyBytes, 1, "svxblobs", master.data());

  std::array<std::uint8_t, 32> derived{};
  crypto_kdf_derive_from_key(derived.data(), derived.size(), 1, "svxmedia", master.data());
  keys->media_token = base64url_encode(derived);
  crypto_kdf_derive_from_key(derived.data(), derived.size(), 1, "svxkeyid", master.data());
  std::copy_n(derived.begin(), kKeyIdBytes, keys->key_id.begin());
  sodium_memzero(derived.data(), derived.size());
  keys->id = hex_encode(keys->key_id);
  return KeyRing(std::move(keys));
}

Result<KeyRing> KeyRing::load(const std::filesystem::path& file) {
  require_sodium();
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return file_error(kKeyFileMissing, file, "there is none");
    }
    return file_error(kIo, file, "cannot be opened: " + errno_text(errno));
  }
  struct stat status {};
  if (::fstat(in.get(), &status) != 0) return file_error(kIo, file, errno_text(errno));
  if (!S_ISREG(status.st_mode)) return file_error(kKeyFileInvalid, file, "is no file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return file_error(kKeyFilePermissions, file,
                      "others may use it; run `chmod 600 " + file.string() + "`");
  }
  if (status.st_size != static_cast<off_t>(kMasterBytes)) {
    return file_error(kKeyFileInvalid, file,
                      "is not 32 bytes long; put back the file from your backup");
  }
  std::array<std::uint8_t, kMasterBytes> master{};
  const ssize_t count = ::read(in.get(), master.data(), master.size());
  if (count != static_cast<ssize_t>(master.size())) {
    return file_error(kIo, file, "cannot be read");
  }
  KeyRing ring = from_master(master);
  sodium_memzero(master.data(), master.size());
  return ring;
}

Result<KeyRing> KeyRing::load_or_create(const std::filesystem::path& file) {
  auto loaded = load(file);
  if (loaded || !loaded.error().is(kKeyFileMissing)) return loaded;
  if (auto created = create_key_file(file); !created) return created.error();
  return load(file);
}

KeyRing KeyRing::ephemeral() {
  require_sodium();
  std::array<std::uint8_t, kMasterBytes> master{};
  randombytes_buf(master.data(), master.size());
  return from_master(master);
}

Bytes KeyRing::seal(ByteView plain, std::string_view bound_to) const {
  Bytes sealed(kHeaderBytes + plain.size() + kTagBytes);
  sealed[0] = kFormat;
  std::copy(keys_->key_id.begin(), keys_->key_id.end(), sealed.begin() + 1);
  std::uint8_t* nonce = sealed.data() + 1 + kKeyIdBytes;
  randombytes_buf(nonce, kNonceBytes);
  const Bytes data = keys_->associated_data(bound_to);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + kHeaderBytes, nullptr, plain.data(),
                                             plain.size(), data.data(), data.size(), nullptr, nonce,
                                             keys_->blob);
  return sealed;
}

Result<Bytes> KeyRing::unseal(ByteView sealed, std::string_view bound_to) const {
  if (sealed.size() < kHeaderBytes + kTagBytes || sealed[0] != kFormat) {
    return Error{kSealBroken, "the stored bytes are damaged or were never sealed"};
  }
  if (!std::equal(keys_->key_id.begin(), keys_->key_id.end(), sealed.begin() + 1)) {
    return Error{kWrongKey,
                 "the data was sealed with another key file; set security.key_file to the one that "
                 "belongs to this database"};
  }
  Bytes plain(sealed.size() - kHeaderBytes - kTagBytes);
  const Bytes data = keys_->associated_data(bound_to);
  const ByteView body = sealed.subspan(kHeaderBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          plain.data(), nullptr, nullptr, body.data(), body.size(), data.data(), data.size(),
          sealed.data() + 1 + kKeyIdBytes, keys_->blob) != 0) {
    return Error{kSealBroken, "the stored bytes were changed or belong to another row"};
  }
  return plain;
}

const std::string& KeyRing::media_token() const { return keys_->media_token; }
const std::string& KeyRing::id() const { return keys_->id; }

}  // namespace surveillx::crypto
