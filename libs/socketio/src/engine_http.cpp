#include "engine_http.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

namespace surveillx::socketio {

namespace {

struct Refusal {
  int status;
  int code;
  const char* message;
};

Refusal describe(EngineRefusal why) {
  switch (why) {
    case EngineRefusal::unknown_transport:
      return {400, 0, "Transport unknown"};
    case EngineRefusal::unknown_sid:
      return {400, 1, "Session ID unknown"};
    case EngineRefusal::bad_handshake_method:
      return {400, 2, "Bad handshake method"};
    case EngineRefusal::bad_request:
      return {400, 3, "Bad request"};
    case EngineRefusal::forbidden:
      return {403, 4, "Forbidden"};
    case EngineRefusal::unsupported_version:
      return {400, 5,
              "Unsupported protocol version: this server speaks Engine.IO 4; use socket.io-client "
              "3 or later"};
    case EngineRefusal::too_large:
      return {413, 3, "Payload too large"};
    case EngineRefusal::too_many_sessions:
      return {503, 3, "Too many sessions"};
  }
  return {400, 3, "Bad request"};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string without_port(std::string host, std::string_view port) {
  if (host.size() > port.size() && std::string_view(host).ends_with(port)) {
    host.resize(host.size() - port.size());
  }
  return host;
}

}  // namespace

net::HttpResponse engine_error(EngineRefusal why) {
  const Refusal refusal = describe(why);
  net::HttpResponse response = net::HttpResponse::json(
      refusal.status, boost::json::serialize(boost::json::object{{"code", refusal.code},
                                                                 {"message", refusal.message}}));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

net::HttpResponse polling_answer(std::string body) {
  net::HttpResponse response;
  response.headers.set("Content-Type", "text/plain; charset=UTF-8");
  response.headers.set("Cache-Control", "no-store");
  response.body = SharedBytes(std::move(body));
  return response;
}

bool same_host(const net::HttpRequest& request) {
  const std::string origin = lower(request.headers.get("Origin"));
  const std::string host = lower(request.headers.get("Host"));
  const std::size_t scheme_end = origin.find("://");
  if (scheme_end == std::string::npos || host.empty()) return false;
  const std::string_view port = origin.starts_with("https:") ? ":443" : ":80";
  return without_port(origin.substr(scheme_end + 3), port) == without_port(host, port);
}

}  // namespace surveillx::socketio
