// The way of a request from its bytes to its route. Any bytes are either refused or give a path that
// stays below the root; cut anywhere, they give the same; and what is read of fields neither crashes
// nor leaves them.
#include "http_text.hpp"
#include "request_head.hpp"
#include "router_impl.hpp"
#include "surveillx/net/address.hpp"
#include "target.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

using namespace surveillx::net;
namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t kMaxHeader = 4096;
constexpr std::uint64_t kMaxBody = 512;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What came out, for comparing.
struct Outcome {
  bool done = false;
  std::string method;
  std::string target;
  std::string body;
  std::size_t fields = 0;
  bool operator==(const Outcome&) const = default;
};

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

const Router& router() {
  static const Router* const made = [] {
    auto* r = new Router;
    const auto answer = [](const HttpRequest&, const HttpResponder&) {};
    for (const char* pattern :
         {"/", "/api/cameras/{id}", "/api/cameras/{id}/snapshot.jpg", "/api/cameras/mine",
          "/socket.io/", "/files/{*rest}", "/whip/{camera}"}) {
      r->add("GET", pattern, answer);
      r->add("POST", pattern, answer);
    }
    r->add_upgrade("/live", [](const Router::Upgrade&) {});
    return r;
  }();
  return *made;
}

void check_target(const std::string& method, const std::string& text_of_target) {
  const auto target = parse_target(text_of_target);
  if (!target) return;
  const std::string& path = target->path;
  require(path.starts_with('/') && path.find('\0') == std::string::npos);
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = std::string_view(path).substr(at + 1, end - at - 1);
    require(segment != ".." && segment != ".");
    at = end;
  }
  const auto match = router().impl().match(method, path);
  if (match.route != nullptr) {
    for (const auto& [name, value] : match.params) require(path.find(value) != std::string::npos);
  }
  (void)router().impl().match_upgrade(path);
  (void)router().impl().match_body_gate(method, path);
  HttpRequest request;
  request.query = target->query;
  for (const auto& [name, value] : target->query) (void)request.query_value(name);
}

void check_fields(const http::request_header<>& head) {
  HttpRequest request;
  for (const auto& field : head) {
    const std::string name = text(field.name_string());
    const std::string value = text(field.value());
    // What is passed on (to handlers, logs, answers) can split no message.
    require(is_field_name(name) && is_field_value(value));
    request.headers.add(name, value);
    (void)has_token(value, "upgrade");
    (void)address_group(value);
  }
  for (const char* name : {"surveillx_session", "a", ""}) {
    const std::string_view cookie = request.cookie(name);
    bool inside = cookie.empty();
    for (const auto& [field, value] : request.headers.all()) {
      inside = inside || value.find(cookie) != std::string::npos;
    }
    require(inside);
  }
}

/// As HttpConnection does it: the head first, then as much body as may be.
Outcome parse(std::string_view first, std::string_view second) {
  Outcome out;
  http::request_parser<http::string_body> parser;
  parser.eager(false);
  parser.header_limit(kMaxHeader);
  parser.body_limit(boost::none);
  std::string input(first);
  bool head_seen = false;
  bool more = true;
  for (;;) {
    while (!input.empty() && !parser.is_done()) {
      boost::system::error_code ec;
      input.erase(0, parser.put(boost::asio::buffer(input), ec));
      if (ec == http::error::need_more) break;
      if (ec) return out;
      if (parser.is_header_done() && !head_seen) {
        head_seen = true;
        const auto length = parser.content_length();
        if (head_fault(parser.get()) || (length && *length > kMaxBody)) return out;
        parser.body_limit(kMaxBody);
        parser.eager(true);
      }
    }
    if (parser.is_done() || !more) break;
    input += second;
    more = false;
  }
  out.done = parser.is_done();
  if (!parser.is_header_done()) return out;
  const auto& message = parser.get();
  out.method = text(message.method_string());
  out.target = text(message.target());
  out.fields = static_cast<std::size_t>(std::distance(message.begin(), message.end()));
  if (out.done) {
    require(message.body().size() <= kMaxBody);
    out.body = message.body();
  }
  check_target(out.method, out.target);
  check_fields(message);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  // The first byte says where the network cuts.
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = data[0] % (input.size() + 1);
  const Outcome whole = parse(input, {});
  const Outcome pieces = parse(input.substr(0, cut), input.substr(cut));
  // A malformed request without an end is refused at once or awaited, by where the network cuts.
  require(whole.done == pieces.done);
  if (whole.done) require(whole == pieces);
  return 0;
}
