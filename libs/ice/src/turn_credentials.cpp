#include "surveillx/ice/turn_credentials.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "surveillx/base/bytes.hpp"

namespace surveillx::ice {

TurnCredentials turn_credentials(std::string_view secret, std::string_view name,
                                 UnixMillis expires) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(expires).time_since_epoch().count();
  TurnCredentials credentials;
  credentials.username = std::to_string(seconds) + ":" + std::string(name);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int length = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
       as_bytes(credentials.username).data(), credentials.username.size(), mac.data(), &length);
  credentials.password = base64_encode(ByteView(mac.data(), length));
  return credentials;
}

}  // namespace surveillx::ice
