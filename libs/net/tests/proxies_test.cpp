#include "surveillx/net/proxies.hpp"

#include "net_fixture.hpp"

#include <unistd.h>

namespace surveillx::net {
namespace {

TrustedProxies proxies(const std::vector<std::string>& networks) {
  auto parsed = TrustedProxies::parse(networks);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : TrustedProxies();
}

Headers headers(std::vector<std::pair<std::string, std::string>> fields) {
  Headers out;
  for (auto& [name, value] : fields) out.add(name, value);
  return out;
}

TEST(TrustedProxies, trusts_addresses_and_networks_of_both_families) {
  const auto some = proxies({"127.0.0.1", "10.1.0.0/12", "fd00::/8", "::1"});
  for (const char* in : {"127.0.0.1", "::ffff:127.0.0.1", "10.15.255.255", "fd12::1", "::1"}) {
    EXPECT_TRUE(some.trusts(in)) << in;
  }
  for (const char* out : {"127.0.0.2", "10.16.0.1", "fe80::1", "::2", "", "localhost"}) {
    EXPECT_FALSE(some.trusts(out)) << out;
  }
  EXPECT_TRUE(proxies({"0.0.0.0/0"}).trusts("203.0.113.9"));
  EXPECT_FALSE(proxies({"0.0.0.0/0"}).trusts("2001:db8::1")) << "the IPv4 world only";
  EXPECT_FALSE(TrustedProxies().trusts("127.0.0.1"));
}

TEST(TrustedProxies, a_wrong_network_is_named) {
  for (const char* bad : {"", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8x", "nginx"}) {
    const auto parsed = TrustedProxies::parse({"127.0.0.1", bad});
    ASSERT_FALSE(parsed) << bad;
    EXPECT_TRUE(parsed.error().is(kBadAddress));
    EXPECT_NE(parsed.error().message.find("\"" + std::string(bad) + "\""), std::string::npos);
  }
}

struct ClientCase {
  const char* what;
  std::vector<std::pair<std::string, std::string>> fields;
  const char* address;
};

TEST(TrustedProxies, the_client_is_the_rightmost_address_that_is_not_a_trusted_proxy) {
  const auto two = proxies({"10.0.0.1", "10.0.0.2"});
  const ClientCase cases[] = {
      {"nothing said", {}, "10.0.0.1"},
      {"one hop", {{"X-Forwarded-For", "203.0.113.9"}}, "203.0.113.9"},
      {"spoofed on the left", {{"X-Forwarded-For", "127.0.0.1, 203.0.113.9"}}, "203.0.113.9"},
      {"two proxies", {{"X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.0.0.2"}}, "203.0.113.9"},
      {"the proxies themselves", {{"X-Forwarded-For", "10.0.0.2"}}, "10.0.0.2"},
      {"two fields", {{"X-Forwarded-For", "1.1.1.1"}, {"x-forwarded-for", "203.0.113.9"}},
       "203.0.113.9"},
      {"with a port", {{"X-Forwarded-For", "203.0.113.9:4711"}}, "203.0.113.9"},
      {"IPv6", {{"X-Forwarded-For", "2001:db8::7"}}, "2001:db8::7"},
      {"IPv6 in brackets", {{"X-Forwarded-For", "[2001:DB8::7]:80"}}, "2001:db8::7"},
      {"mapped", {{"X-Forwarded-For", "::ffff:203.0.113.9"}}, "203.0.113.9"},
      {"nonsense stops the walk", {{"X-Forwarded-For", "203.0.113.9, unknown, 10.0.0.2"}},
       "10.0.0.2"},
      {"an empty item stops it", {{"X-Forwarded-For", "203.0.113.9,"}}, "203.0.113.9"},
      {"RFC 7239", {{"Forwarded", "for=203.0.113.9;proto=https;by=10.0.0.1"}}, "203.0.113.9"},
      {"RFC 7239, spoofed", {{"Forwarded", "for=127.0.0.1, for=203.0.113.9"}}, "203.0.113.9"},
      {"RFC 7239, quoted", {{"Forwarded", "For=\"[2001:db8::7]:4711\";Proto=https"}}, "2001:db8::7"},
      {"RFC 7239, a comma in quotes",
       {{"Forwarded", "for=203.0.113.9;host=\"a,for=127.0.0.1\""}},
       "203.0.113.9"},
      {"RFC 7239, hidden", {{"Forwarded", "for=203.0.113.9, for=_hidden"}}, "10.0.0.1"},
      {"RFC 7239, an unfinished quote", {{"Forwarded", "for=\"203.0.113.9"}}, "203.0.113.9"},
      {"RFC 7239, nonsense", {{"Forwarded", ";;=,="}}, "10.0.0.1"},
      {"both, the same",
       {{"Forwarded", "for=203.0.113.9"}, {"X-Forwarded-For", "203.0.113.9"}},
       "203.0.113.9"},
      {"both, one passed through unchecked",
       {{"Forwarded", "for=198.51.100.1"}, {"X-Forwarded-For", "203.0.113.9"}},
       "10.0.0.1"},
      {"a header that nobody is asked for", {{"X-Real-IP", "198.51.100.1"}}, "10.0.0.1"},
  };
  for (const auto& one : cases) {
    const auto client = two.client_of("10.0.0.1", headers(one.fields));
    EXPECT_EQ(client.address, one.address) << one.what;
    EXPECT_TRUE(client.proxied) << one.what;
    const auto stranger = two.client_of("203.0.113.200", headers(one.fields));
    EXPECT_EQ(stranger.address, "203.0.113.200") << "not a proxy of ours: " << one.what;
    EXPECT_FALSE(stranger.proxied || stranger.https) << one.what;
  }
}

TEST(TrustedProxies, scheme_and_host_of_the_outside_are_what_the_trusted_proxy_says) {
  const auto one = proxies({"10.0.0.1"});
  auto client = one.client_of("10.0.0.1", headers({{"X-Forwarded-For", "203.0.113.9"},
                                                   {"X-Forwarded-Proto", "https"},
                                                   {"X-Forwarded-Host", "cameras.example"}}));
  EXPECT_TRUE(client.https);
  EXPECT_EQ(client.host, "cameras.example");
  client = one.client_of("10.0.0.1",
                         headers({{"Forwarded", "for=1.1.1.1;proto=https;host=evil.example, "
                                                "for=203.0.113.9;proto=http;host=cameras.example"}}));
  EXPECT_FALSE(client.https) << "what stands left was said by somebody unknown";
  EXPECT_EQ(client.host, "cameras.example");
  client = one.client_of("10.0.0.9", headers({{"X-Forwarded-Proto", "https"},
                                              {"X-Forwarded-Host", "evil.example"}}));
  EXPECT_FALSE(client.https);
  EXPECT_EQ(client.host, "");
}

class DirectLoopbackTest : public NetTest {
 protected:
  DirectLoopbackTest() {
    router_->add("GET", "/who", [](const HttpRequest& request, const HttpResponder& respond) {
      respond(HttpResponse::text(200, std::string(is_direct_loopback(request) ? "direct " : "proxied ") +
                                          request.remote_address + " " + request.peer_address +
                                          (request.secure ? " secure" : "")));
    });
  }
  /// What the server makes of these lines after the request line.
  std::string who(const std::string& lines, const std::string& version = "1.1") {
    RawSocket socket(server_->port());
    return ask(socket, lines, version);
  }
  static std::string ask(RawSocket& socket, const std::string& lines, const std::string& version) {
    socket.send("GET /who HTTP/" + version + "\r\n" + lines + "\r\n");
    const std::string head = socket.read_until("\r\n\r\n");
    const auto body = socket.read_until("127.0.0.1");
    return body.substr(body.find("\r\n\r\n") + 4);
  }
  [[nodiscard]] std::string host(const std::string& name = "127.0.0.1") const {
    return "Host: " + name + ":" + std::to_string(server_->port()) + "\r\n";
  }
};

TEST_F(DirectLoopbackTest, a_program_of_this_user_that_asks_without_a_proxy_is_direct) {
  listen();
  for (const char* name : {"127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.0.0.9"}) {
    EXPECT_TRUE(who(host(name)).starts_with("direct 127.0.0.1")) << name;
  }
  EXPECT_TRUE(who(host() + "Connection: close\r\nAccept: */*\r\n").starts_with("direct"));
}

TEST_F(DirectLoopbackTest, every_sign_of_a_proxy_decides_against_it) {
  listen();
  // nginx's `proxy_pass` and nothing else: HTTP/1.0, its own idea of Host, no word about the client.
  EXPECT_TRUE(who(host() + "Connection: close\r\n", "1.0").starts_with("proxied"));
  EXPECT_TRUE(who("Connection: close\r\n", "1.0").starts_with("proxied"));
  // And with the lines for WebSocket that its documentation gives.
  EXPECT_TRUE(who(host() + "Connection: upgrade\r\n").starts_with("proxied"));
  // A proxy that hands on the client's Host, which says the proxy's port.
  EXPECT_TRUE(who("Host: 127.0.0.1:1\r\n").starts_with("proxied"));
  EXPECT_TRUE(who("Host: 127.0.0.1\r\n").starts_with("proxied"));
  EXPECT_TRUE(who(host("cameras.example")).starts_with("proxied"));
  EXPECT_TRUE(who(host("127.example.org")).starts_with("proxied"));
  for (const char* header :
       {"X-Forwarded-For: 1.1.1.1", "Forwarded: for=1.1.1.1", "X-Real-IP: 1.1.1.1", "via: 1.1 v",
        "X-Forwarded-Proto: http", "CF-Connecting-IP: 1.1.1.1", "X-Envoy-Internal: true"}) {
    EXPECT_TRUE(who(host() + header + "\r\n").starts_with("proxied 127.0.0.1")) << header;
  }
}

TEST_F(DirectLoopbackTest, another_user_of_this_machine_is_not_us) {
  listen();
  RawSocket socket(server_->port());
  // As if a proxy under its own account had made the connection.
  if (::fchown(socket.fd(), 65534, 65534) != 0) GTEST_SKIP() << "only root may give a socket away";
  EXPECT_TRUE(ask(socket, host(), "1.1").starts_with("proxied"));
}

TEST_F(DirectLoopbackTest, a_trusted_proxy_is_never_direct_and_speaks_for_its_client) {
  ListenOptions options;
  options.trusted_proxies = {"127.0.0.0/8"};
  listen(options);
  EXPECT_TRUE(who(host()).starts_with("proxied 127.0.0.1 127.0.0.1"));
  EXPECT_TRUE(who(host() + "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n")
                  .starts_with("proxied 203.0.113.9 127.0.0.1"));
}

TEST_F(DirectLoopbackTest, with_a_proxy_that_was_not_named_nobody_is_direct) {
  ListenOptions options;
  options.unnamed_proxy = true;
  listen(options);
  EXPECT_TRUE(who(host()).starts_with("proxied"));
}

TEST_F(DirectLoopbackTest, a_wrong_list_of_proxies_is_an_error_at_the_start) {
  ListenOptions options;
  options.trusted_proxies = {"nginx"};
  const auto server = HttpServer::listen(loop_, router_, options);
  ASSERT_FALSE(server);
  EXPECT_TRUE(server.error().is(kBadAddress));
}

TEST_F(DirectLoopbackTest, a_web_socket_knows_the_client_behind_the_proxy) {
  ListenOptions options;
  options.trusted_proxies = {"127.0.0.1"};
  std::promise<std::string> seen;
  router_->add_upgrade("/ws", [&](const Router::Upgrade& upgrade) {
    upgrade.accept([&](const WebSocketPtr& socket) { seen.set_value(socket->remote_address()); });
  });
  listen(options);
  ClientRequest request = to("/ws");
  request.url = url("/ws", "ws");
  request.headers.add("X-Forwarded-For", "203.0.113.9");
  const auto socket = connect(request);
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(seen.get_future().get(), "203.0.113.9");
  on_loop([&] { (*socket)->abort(); });
}

}  // namespace
}  // namespace surveillx::net
