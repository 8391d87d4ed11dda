// Any text either is refused or is an address whose parts can be written into a request: with a host
// and a port, and nothing in it that could split a message.
#include "http_text.hpp"
#include "url.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace surveillx::net;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto url = parse_url(text);
  if (!url) return 0;
  const bool plain = is_field_value(url->target) && is_field_value(url->authority) &&
                     url->target.find(' ') == std::string::npos;
  if (url->host.empty() || url->port == 0 || !url->target.starts_with('/') || !plain) std::abort();
  // What was understood is understood the same when it is written out.
  const std::string again =
      std::string(url->tls ? "https://" : "http://") + url->authority + url->target;
  const auto same = parse_url(again);
  if (!same || same->host != url->host || same->port != url->port || same->target != url->target ||
      same->tls != url->tls) {
    std::abort();
  }
  return 0;
}
