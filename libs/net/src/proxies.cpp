#include "surveillx/net/proxies.hpp"

#include "surveillx/net/http_server.hpp"

#include "http_text.hpp"
#include "stream.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace surveillx::net {
namespace {

using AddressBytes = std::array<std::uint8_t, 16>;

std::optional<asio::ip::address> address_of(std::string_view text) {
  error_code ec;
  // A zone names an interface of whoever wrote it.
  const auto address = asio::ip::make_address(std::string(text.substr(0, text.find('%'))), ec);
  if (ec) return std::nullopt;
  return address;
}

AddressBytes bytes_of(const asio::ip::address& address) {
  return address.is_v6() ? address.to_v6().to_bytes()
                         : asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

/// The address of a hop as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`,
/// `[2001:db8::1]:4711`. Nothing for `unknown`, `_hidden` and what is malformed.
std::optional<std::string> hop_address(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    text = text.substr(1, end - 1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    text = text.substr(0, text.find(':'));
  }
  const auto address = address_of(text);
  if (!address) return std::nullopt;
  return address_text(*address);
}

/// What one proxy said about the side it was asked from.
struct Hop {
  std::optional<std::string> address;
  std::string host;
  bool https = false;
};

bool is_https(std::string_view scheme) {
  return equal_ignoring_case(scheme, "https") || equal_ignoring_case(scheme, "wss");
}

/// The elements of `Forwarded` (RFC 7239 section 4), whose values may be quoted.
class ForwardedParser {
 public:
  explicit ForwardedParser(std::string_view text) : rest_(text) {}

  std::vector<Hop> hops() {
    std::vector<Hop> hops;
    while (!rest_.empty()) hops.push_back(element());
    return hops;
  }

 private:
  Hop element() {
    Hop hop;
    for (;;) {
      const auto equals = rest_.find_first_of("=,;");
      const std::string name(trimmed(rest_.substr(0, equals)));
      rest_.remove_prefix(std::min(equals, rest_.size()));
      if (rest_.starts_with('=')) {
        rest_.remove_prefix(1);
        take(hop, name, value());
      }
      const bool more = rest_.starts_with(';');
      if (!rest_.empty()) rest_.remove_prefix(1);
      if (!more) return hop;
    }
  }

  /// Up to the next `;` or `,` outside of quotes.
  std::string value() {
    std::string out;
    bool quoted = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (!quoted && (c == ';' || c == ',')) break;
      rest_.remove_prefix(1);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == '\\' && quoted && !rest_.empty()) {
        out += rest_.front();
        rest_.remove_prefix(1);
      } else {
        out += c;
      }
    }
    return std::string(trimmed(out));
  }

  static void take(Hop& hop, const std::string& name, std::string value) {
    if (equal_ignoring_case(name, "for")) hop.address = hop_address(value);
    if (equal_ignoring_case(name, "proto")) hop.https = is_https(value);
    if (equal_ignoring_case(name, "host")) hop.host = std::move(value);
  }

  std::string_view rest_;
};

/// Every value of a header that is a list, in order.
std::string joined(const Headers& headers, std::string_view name) {
  std::string out;
  for (const auto& [field, value] : headers.all()) {
    if (equal_ignoring_case(field, name)) out += (out.empty() ? "" : ",") + value;
  }
  return out;
}

std::string_view last_item(std::string_view list) {
  const auto comma = list.rfind(',');
  return trimmed(comma == std::string_view::npos ? list : list.substr(comma + 1));
}

std::vector<Hop> x_forwarded_hops(const Headers& headers) {
  std::vector<Hop> hops;
  const std::string all = joined(headers, "X-Forwarded-For");
  for (std::string_view rest = all; !rest.empty();) {
    const auto item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    hops.push_back({hop_address(trimmed(item)), {}, false});
  }
  return hops;
}

/// A header that only proxies add.
bool is_proxy_header(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"X-Forwarded", "X-Envoy", "CF-", "Fly-", "X-Azure",
                                            "X-Amz", "X-Original-"};
  constexpr std::string_view kNames[] = {"Forwarded",     "Via",         "X-Real-IP",
                                         "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP",
                                         "X-ProxyUser-Ip", "Client-IP",   "Proxy-Connection"};
  for (const auto prefix : kPrefixes) {
    if (equal_ignoring_case(name.substr(0, prefix.size()), prefix)) return true;
  }
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view known) { return equal_ignoring_case(name, known); });
}

/// `localhost`, 127.x.y.z or [::1], with `port` where one is given. `127.example.org` is a name that
/// anybody may own.
bool is_loopback_host(std::string_view host, std::uint16_t port, bool tls) {
  std::string_view name = host;
  std::string_view given;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    name = host.substr(1, end - 1);
    given = host.substr(end + 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    given = host.substr(colon);
  }
  std::uint16_t number = tls ? 443 : 80;
  if (!given.empty()) {
    given.remove_prefix(1);
    const auto* const end = given.data() + given.size();
    const auto [stop, ec] = std::from_chars(given.data(), end, number);
    if (ec != std::errc() || stop != end) return false;
  }
  if (number != port) return false;
  if (equal_ignoring_case(name, "localhost")) return true;
  const auto address = address_of(name);
  return address && address->is_loopback();
}

/// As the kernel prints an address in /proc/net/tcp: words of the machine's byte order.
std::string proc_address(const std::uint8_t* bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; i += 4) {
    std::uint32_t word = 0;
    std::copy_n(bytes + i, 4, reinterpret_cast<std::uint8_t*>(&word));
    std::array<char, 9> text{};
    std::snprintf(text.data(), text.size(), "%08X", word);
    out += text.data();
  }
  return out;
}

std::string proc_port(std::uint16_t port) {
  std::array<char, 6> text{};
  std::snprintf(text.data(), text.size(), ":%04X", port);
  return text.data();
}

/// The user who holds the socket `address:port` that is connected to our `local_port`.
std::optional<uid_t> owner_of_socket(const asio::ip::address& address, std::uint16_t port,
                                     std::uint16_t local_port) {
  const AddressBytes bytes = bytes_of(address);
  const bool four = address.is_v4();
  const std::string end6 = proc_address(bytes.data(), 16) + proc_port(port);
  const std::string end4 = proc_address(bytes.data() + 12, 4) + proc_port(port);
  const std::string remote = proc_port(local_port);
  for (const bool six : {false, true}) {
    if (!six && !four) continue;
    std::ifstream table(six ? "/proc/self/net/tcp6" : "/proc/self/net/tcp");
    for (std::string line; std::getline(table, line);) {
      std::istringstream fields(line);
      std::string slot, ours, theirs, skipped;
      unsigned long uid = 0;
      unsigned long inode = 0;
      if (!(fields >> slot >> ours >> theirs)) continue;
      if (ours != (six ? end6 : end4) || !theirs.ends_with(remote)) continue;
      for (int i = 0; i < 4; ++i) fields >> skipped;  // State, queues, timer, retransmissions.
      // A socket that nobody holds any more is shown as root's.
      if (fields >> uid >> skipped >> inode && inode != 0) return static_cast<uid_t>(uid);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
  TrustedProxies out;
  for (const std::string& text : networks) {
    const Error bad{kBadAddress, "\"" + text + "\" is neither an address nor a network such as "
                                 "10.1.0.0/16"};
    const auto slash = text.find('/');
    const auto address = address_of(std::string_view(text).substr(0, slash));
    if (!address) return bad;
    Network network;
    network.address = bytes_of(*address);
    const int before = address->is_v4() ? 96 : 0;
    if (slash != std::string::npos) {
      const char* const end = text.data() + text.size();
      const auto [stop, ec] = std::from_chars(text.data() + slash + 1, end, network.bits);
      if (ec != std::errc() || stop != end || network.bits < 0 || network.bits > 128 - before) {
        return bad;
      }
      network.bits += before;
    }
    out.networks_.push_back(network);
  }
  return out;
}

bool TrustedProxies::trusts(std::string_view text) const {
  const auto address = address_of(text);
  if (!address) return false;
  const AddressBytes bytes = bytes_of(*address);
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    for (int bit = 0; bit < network.bits; bit += 8) {
      const auto i = static_cast<std::size_t>(bit) / 8;
      const int left = std::min(8, network.bits - bit);
      const auto mask = static_cast<std::uint8_t>(0xff << (8 - left));
      if ((bytes[i] & mask) != (network.address[i] & mask)) return false;
    }
    return true;
  });
}

TrustedProxies::Client TrustedProxies::client_of(const std::string& peer_address,
                                                 const Headers& headers) const {
  Client client;
  client.address = peer_address;
  if (!trusts(peer_address)) return client;
  client.proxied = true;
  const auto walk = [&](const std::vector<Hop>& hops) {
    Client found = client;
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
      if (!hop->address) break;  // Hidden, or nonsense: what stands left of it is hearsay.
      found.address = *hop->address;
      found.https = hop->https;
      if (!hop->host.empty()) found.host = hop->host;
      if (!trusts(*hop->address)) break;
    }
    return found;
  };
  const auto forwarded = ForwardedParser(joined(headers, "Forwarded")).hops();
  const auto x_forwarded = x_forwarded_hops(headers);
  Client by_standard = walk(forwarded);
  Client by_custom = walk(x_forwarded);
  by_custom.https = is_https(last_item(joined(headers, "X-Forwarded-Proto")));
  by_custom.host = std::string(last_item(joined(headers, "X-Forwarded-Host")));
  if (forwarded.empty()) return by_custom;
  if (x_forwarded.empty()) return by_standard;
  client.https = by_standard.https || by_custom.https;
  if (by_standard.address == by_custom.address) {
    client.address = by_custom.address;
    client.host = by_standard.host.empty() ? by_custom.host : by_standard.host;
  }
  return client;
}

bool is_direct_loopback(const HttpRequest& request) {
  const auto peer = address_of(request.peer_address);
  if (!peer || !peer->is_loopback() || request.via_proxy || request.version != 11) return false;
  for (const auto& [name, value] : request.headers.all()) {
    if (is_proxy_header(name)) return false;
  }
  if (has_token(request.headers.get("Connection"), "upgrade") && !request.headers.has("Upgrade")) {
    return false;
  }
  if (!is_loopback_host(request.headers.get("Host"), request.local_port, request.tls)) return false;
  // The table is read in pieces, and what is opened or closed meanwhile may hide a line.
  for (int i = 0; i < 3; ++i) {
    const auto owner = owner_of_socket(*peer, request.peer_port, request.local_port);
    if (owner) return *owner == ::geteuid();
  }
  return false;
}

}  // namespace surveillx::net
