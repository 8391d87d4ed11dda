#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace surveillx::webrtc {

/// True when the certificate (PEM) that the peer showed in the DTLS handshake is the one that its
/// offer names (RFC 8122). `fingerprints` are of the form `sha-256 AA:BB:...`; of several hashes
/// the strongest that we know counts. Without this anybody on the way could put pictures of their
/// own into a camera's stream: DTLS certificates of WebRTC are self-signed.
[[nodiscard]] bool is_named_certificate(std::string_view pem,
                                        const std::vector<std::string>& fingerprints);

}  // namespace surveillx::webrtc
