#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "surveillx/base/error.hpp"

namespace surveillx::ice {

/// A STUN or TURN server as a URL names it (RFC 7064, RFC 7065), with the account that those leave out
/// and operators write into it: `turn:USER:PASSWORD@HOST:PORT?transport=udp`, with or without `//`.
struct Server {
  std::string scheme;      ///< `stun`, `stuns`, `turn` or `turns`.
  std::string username;    ///< Without percent-encoding; empty: none.
  std::string credential;  ///< The same; a secret.
  std::string address;     ///< `HOST[:PORT]`, an IPv6 address in brackets.
  std::string query;       ///< With its question mark; empty: none.

  [[nodiscard]] bool is_turn() const { return scheme.starts_with("turn"); }
  [[nodiscard]] bool over_tls() const { return scheme.ends_with('s'); }
  [[nodiscard]] bool over_tcp() const;
  [[nodiscard]] bool has_account() const { return !username.empty() || !credential.empty(); }

  /// Without brackets.
  [[nodiscard]] std::string host() const;
  /// The scheme's own when the address names none.
  [[nodiscard]] std::string port() const;

  /// As an RTCIceServer has it: neither `//` nor an account.
  [[nodiscard]] std::string url() const { return scheme + ":" + address + query; }
  /// As webrtcbin wants it: with `//`, a TURN server's account and a port. A secret.
  [[nodiscard]] std::string element_url() const;

  friend bool operator==(const Server&, const Server&) = default;
};

/// Nothing unless the scheme is one of the four. The rest is taken as it comes: a `%` that begins no
/// escape stands for itself, and nobody looks at the address.
[[nodiscard]] std::optional<Server> take_apart(std::string_view url);

/// For a server that is to be used as it stands: it has an address, its account is well-formed, and a
/// TURN server has one. `invalid_argument`; the message does not repeat the URL.
[[nodiscard]] Result<Server> parse_server(std::string_view url);

}  // namespace surveillx::ice
