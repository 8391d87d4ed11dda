#include "peer_certificate.hpp"

#include "surveillx/base/bytes.hpp"

#include "sdp_edit.hpp"

#include <glib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>

namespace surveillx::webrtc {
namespace {

/// As kFingerprintHashes.
constexpr std::array kTypes{G_CHECKSUM_SHA512, G_CHECKSUM_SHA384, G_CHECKSUM_SHA256,
                            G_CHECKSUM_SHA1};
static_assert(kTypes.size() == kFingerprintHashes.size());

std::optional<Bytes> der_of(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const auto begin = pem.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto text = pem.substr(begin + kBegin.size());
  const auto end = text.find("-----END CERTIFICATE-----");
  if (end == std::string_view::npos) return std::nullopt;
  std::string packed(text.substr(0, end));
  std::erase_if(packed, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
  auto der = base64_decode(packed);
  if (!der) return std::nullopt;
  return std::move(*der);
}

/// `AA:BB:...`
std::string digest_of(const Bytes& der, GChecksumType type) {
  const std::unique_ptr<GChecksum, void (*)(GChecksum*)> sum(g_checksum_new(type), g_checksum_free);
  g_checksum_update(sum.get(), reinterpret_cast<const guchar*>(der.data()),
                    static_cast<gssize>(der.size()));
  const std::string_view hex = g_checksum_get_string(sum.get());
  std::string out;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i > 0 && i % 2 == 0) out += ':';
    out += static_cast<char>(std::toupper(static_cast<unsigned char>(hex[i])));
  }
  return out;
}

std::string_view hash_of(std::string_view fingerprint) {
  return fingerprint.substr(0, fingerprint.find(' '));
}

}  // namespace

bool is_named_certificate(std::string_view pem, const std::vector<std::string>& fingerprints) {
  const auto der = der_of(pem);
  if (!der) return false;
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    const auto name = kFingerprintHashes[i];
    const bool used = std::any_of(fingerprints.begin(), fingerprints.end(),
                                  [&](const std::string& each) { return hash_of(each) == name; });
    if (!used) continue;
    const auto expected = std::string(name) + " " + digest_of(*der, kTypes[i]);
    return std::find(fingerprints.begin(), fingerprints.end(), expected) != fingerprints.end();
  }
  return false;
}

}  // namespace surveillx::webrtc
