// What proxies say of their clients, `Forwarded` and `X-Forwarded-For`. Whatever stands there, the client
// is an address; a peer that is not a proxy of ours is never believed; and what a client writes itself,
// which stands left of what proxies add, changes nothing.
#include "surveillx/net/proxies.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace surveillx::net;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

const TrustedProxies& proxies() {
  static const TrustedProxies made =
      *TrustedProxies::parse({"10.0.0.0/8", "127.0.0.1", "fd00::/8"});
  return made;
}

TrustedProxies::Client client(const std::string& name, const std::string& value) {
  Headers headers;
  headers.add(name, value);
  const std::string stranger = "203.0.113.77";
  const auto unbelieved = proxies().client_of(stranger, headers);
  require(unbelieved.address == stranger && !unbelieved.proxied && !unbelieved.https);
  auto found = proxies().client_of("10.0.0.1", headers);
  require(found.proxied);
  require(TrustedProxies::parse({found.address}).has_value());
  return found;
}

void check(const std::string& name, const std::string& value, const std::string& planted) {
  const auto found = client(name, value);
  if (proxies().trusts(found.address)) return;  // Every hop was a proxy, or the first says nothing.
  const auto with_more = client(name, planted + ", " + value);
  require(with_more.address == found.address);
  require(with_more.https == found.https);
  require(with_more.host == found.host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 512) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  check("X-Forwarded-For", text, "6.6.6.6");
  check("Forwarded", text, "for=6.6.6.6;proto=https;host=evil.example");
  Headers both;
  both.add("Forwarded", text);
  both.add("X-Forwarded-For", text);
  both.add("X-Forwarded-Proto", text);
  both.add("X-Forwarded-Host", text);
  require(TrustedProxies::parse({proxies().client_of("10.0.0.1", both).address}).has_value());
  // A list of networks is refused or trusts its own addresses.
  if (const auto parsed = TrustedProxies::parse({text}); parsed && text.find('/') == text.npos) {
    require(parsed->trusts(text));
  }
  return 0;
}
