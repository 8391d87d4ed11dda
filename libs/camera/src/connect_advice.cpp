#include "connect_advice.hpp"

#include "surveillx/net/client.hpp"

namespace surveillx::camera {
namespace {

constexpr const char* kSignalingPort = "8443";

}  // namespace

ServerAddress split_server(std::string_view server) {
  ServerAddress out;
  out.tls = server.starts_with("wss://");
  const std::size_t scheme = server.find("://");
  if (scheme != std::string_view::npos) server.remove_prefix(scheme + 3);
  server = server.substr(0, server.find_first_of("?#"));
  const std::size_t slash = server.find('/');
  if (slash != std::string_view::npos) out.path = server.substr(slash);
  if (out.path == "/") out.path.clear();
  server = server.substr(0, slash);
  if (const std::size_t at = server.rfind('@'); at != std::string_view::npos) {
    server.remove_prefix(at + 1);
  }
  std::size_t host_end = server.find(':');
  if (server.starts_with('[')) {
    host_end = server.find(']');
    out.host = server.substr(1, host_end - 1);
    host_end = server.find(':', host_end == std::string_view::npos ? server.size() : host_end);
  } else {
    out.host = server.substr(0, host_end);
  }
  if (host_end != std::string_view::npos) out.port = server.substr(host_end + 1);
  return out;
}

std::string ServerAddress::url(bool with_tls, const std::string& at_port) const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return (with_tls ? "wss://" : "ws://") + name + (at_port.empty() ? "" : ":" + at_port);
}

std::string connect_advice(const Error& error, const std::string& server, bool pinned) {
  const ServerAddress at = split_server(server);
  const std::string& said = error.message;
  if (error.is(net::kNotWebSocket)) {
    if (at.port == kSignalingPort) {
      return said + ": another program listens there, or a proxy does not pass WebSockets on";
    }
    return said + ": that is a web page, such as the dashboard's port; signalling is on port " +
           kSignalingPort + " unless signaling.listen says otherwise: --server " +
           at.url(at.tls, kSignalingPort);
  }
  if (error.is(kNotFound)) {
    if (!at.path.empty()) {
      return said + ": there is no signalling at the path " + at.path + "; use --server " +
             at.url(at.tls, at.port);
    }
    return said + ": that is not SurveillX's signalling, which is on port " + kSignalingPort +
           " unless signaling.listen says otherwise";
  }
  if (error.is(net::kNotTls)) {
    return said + ": use --server " + at.url(false, at.port) +
           ", or give the server a certificate (surveillx up --public makes one)";
  }
  if (error.is(net::kTlsExpected)) {
    return said + ": use --server " + at.url(true, at.port) + (pinned ? "" : " with the --pin") +
           (pinned ? "" : " that surveillx cameras add prints");
  }
  if (error.is(net::kTlsUntrusted)) {
    return pinned ? said + ": if the server's certificate was replaced, surveillx cameras token "
                           "NAME on the server prints the present --pin; else somebody stands "
                           "between"
                  : said + ": give --pin SHA256, as surveillx cameras add NAME on the server "
                           "prints it, or --ca FILE with the authority that signed it";
  }
  if (error.is(net::kConnectFailed) && said.ends_with("Connection refused")) {
    return said + ": nothing listens there; is SurveillX running, with --public if this is "
                  "another machine, and is this its signalling port?";
  }
  return said;
}

}  // namespace surveillx::camera
