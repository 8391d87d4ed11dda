#include "request_parts.hpp"

#include "surveillx/base/log.hpp"

#include "request_head.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace surveillx::net {

Result<Target> target_of(const ServerCore& server, const RequestReader::Head& head) {
  Result<Target> target = parse_target(view(head.target()));
  const std::string& base = server.options.base_path;
  if (!target || base.empty() || !target->path.starts_with(base)) return target;
  const std::string_view below = std::string_view(target->path).substr(base.size());
  if (below.empty()) {
    target->path = "/";
  } else if (below.front() == '/') {
    target->path.erase(0, base.size());
  }
  return target;
}

HttpRequest request_of(ServerCore& server, const Stream& stream, const RequestReader::Head& head,
                       Target target) {
  HttpRequest request;
  request.method = view(head.method_string());
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  for (const auto& field : head) {
    request.headers.add(std::string(view(field.name_string())), std::string(view(field.value())));
  }
  request.peer_address = stream.remote_address();
  request.peer_port = stream.remote_port();
  request.local_port = stream.local_port();
  request.tls = stream.tls();
  request.version = head.version();
  TrustedProxies::Client client = server.proxies.client_of(request.peer_address, request.headers);
  // A browser's; programs beside the proxy, as our own media process, come without one.
  if (client.proxied && !request.headers.has("X-Forwarded-For") &&
      !request.headers.has("Forwarded") && request.headers.has("Origin") &&
      !std::exchange(server.silent_proxy_logged, true)) {
    log::warn("http.proxy_names_no_client",
              {{"proxy", request.peer_address},
               {"fix", "let it set X-Forwarded-For, else all its clients look like one"}});
  }
  request.remote_address = std::move(client.address);
  request.host = client.host.empty() ? std::string(request.headers.get("Host")) : client.host;
  request.secure = request.tls || client.https;
  request.via_proxy = client.proxied || server.options.unnamed_proxy;
  return request;
}

}  // namespace surveillx::net
