#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/net/http.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::net {

/// The reverse proxies whose word about their clients is taken. A value; any thread.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// Addresses and networks: `127.0.0.1`, `10.1.0.0/16`, `fd00::/8`. `bad_address` names the wrong one.
  [[nodiscard]] static Result<TrustedProxies> parse(const std::vector<std::string>& networks);
  [[nodiscard]] bool empty() const { return networks_.empty(); }
  [[nodiscard]] bool trusts(std::string_view address) const;

  /// Who is behind a request that came from `peer_address`.
  struct Client {
    std::string address;
    std::string host;     ///< The authority the client asked for; empty: nobody said.
    bool https = false;   ///< A trusted proxy says that its side is HTTPS.
    bool proxied = false; ///< The peer is one of these proxies.
  };
  /// Reads `Forwarded` (RFC 7239) or `X-Forwarded-For`, `-Proto` and `-Host`, from the right: the
  /// first address that is not a trusted proxy is the client, since what stands left of it was said
  /// by somebody unknown. Where both kinds are there and name different clients, one of them was
  /// passed through unchecked, and the peer's own address stands. From a peer that is not trusted,
  /// nothing is believed.
  [[nodiscard]] Client client_of(const std::string& peer_address, const Headers& headers) const;

 private:
  struct Network {
    std::array<std::uint8_t, 16> address{};  ///< IPv4 mapped into IPv6.
    int bits = 128;
  };
  std::vector<Network> networks_;
};

/// Whether a program of this machine, run by this process's user, asks without a proxy between. Such
/// a request may be told what others have to sign in for. Every sign of a proxy decides against it:
///  - the peer is a trusted proxy, or one stands before us that was not named;
///  - a header that proxies add; HTTP/1.0, which nginx speaks to us when nothing else is said;
///  - a `Host` that is not loopback with our port (also DNS rebinding), or a `Connection: upgrade`
///    without `Upgrade`, as nginx's usual lines for WebSocket send with every request;
///  - the peer's socket belongs to another user, as that of a proxy does, or /proc/net/tcp does not
///    tell whose it is.
/// Reads /proc: not on a loop.
[[nodiscard]] bool is_direct_loopback(const HttpRequest& request);

}  // namespace surveillx::net
