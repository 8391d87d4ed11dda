// The way of a request from its bytes to its route. Any bytes are either refused or give a path
// that stays below the root; cut anywhere, and with the body taken whole or piece by piece, they
// give the same; and what is read of fields neither crashes nor leaves them.
#include "surveillx/net/address.hpp"
#include "surveillx/net/byte_range.hpp"

#include "http_text.hpp"
#include "request_head.hpp"
#include "request_reader.hpp"
#include "router_impl.hpp"
#include "target.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

using namespace surveillx::net;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t kMaxHeader = 4096;
constexpr std::size_t kMaxBody = 512;

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
  require(router().impl().find(method, path) == match.route);
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
    const RangeAsked range = parse_range(value, 1000);
    if (range.kind == RangeAsked::Kind::part) {
      require(range.part.length > 0 && range.part.first < 1000 &&
              range.part.length <= 1000 - range.part.first);
    }
    const auto date = parse_http_date(value);
    require(!date || http_date(*date) == value);
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

/// Where the body goes: collected, or handed on as it comes.
enum class Taking { whole, pieces };

/// As HttpConnection does it: the head first, then as much body as may be.
Outcome parse(std::string_view first, std::string_view second, Taking taking) {
  using Step = RequestReader::Step;
  Outcome out;
  RequestReader reader(kMaxHeader);
  reader.next();
  std::string_view left = first;
  std::string body;
  for (;;) {
    const Step step = reader.step();
    if (step == Step::head) {
      const auto length = reader.content_length();
      if (head_fault(reader.head()) || (length && *length > kMaxBody)) return out;
      if (!reader.whole()) reader.let_in(kMaxBody);
    } else if (step == Step::need_more) {
      if (reader.head_done() && taking == Taking::pieces) body += reader.take_body();
      if (left.empty()) left = std::exchange(second, {});
      if (left.empty()) break;
      const auto room = reader.prepare();
      const std::size_t size = boost::asio::buffer_copy(room, boost::asio::buffer(left));
      require(size > 0);
      reader.commit(size);
      left.remove_prefix(size);
    } else if (step == Step::whole) {
      break;
    } else {
      return out;
    }
  }
  out.done = reader.whole();
  if (!reader.head_done()) return out;
  const auto& message = reader.head();
  out.method = text(message.method_string());
  out.target = text(message.target());
  out.fields = static_cast<std::size_t>(std::distance(message.begin(), message.end()));
  check_target(out.method, out.target);
  check_fields(message);
  if (out.done) {
    out.body = body + reader.take_body();
    require(out.body.size() <= kMaxBody);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  // The first byte says where the network cuts.
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = data[0] % (input.size() + 1);
  const Outcome whole = parse(input, {}, Taking::whole);
  for (const Taking taking : {Taking::whole, Taking::pieces}) {
    const Outcome pieces = parse(input.substr(0, cut), input.substr(cut), taking);
    // A malformed request without an end is refused at once or awaited, by where the network cuts.
    require(whole.done == pieces.done);
    if (whole.done) require(whole == pieces);
  }
  return 0;
}
