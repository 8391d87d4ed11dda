#include "surveillx/ice/server.hpp"

#include <gtest/gtest.h>

namespace surveillx::ice {
namespace {

struct Form {
  const char* text;
  Server server;
  const char* url;
  const char* element_url;
};

class Forms : public testing::TestWithParam<Form> {};

TEST_P(Forms, are_read_and_passed_on_to_webrtcbin) {
  const auto& [text, server, url, element_url] = GetParam();
  const auto parsed = parse_server(text);
  ASSERT_TRUE(parsed) << text;
  EXPECT_EQ(*parsed, server) << text;
  EXPECT_EQ(take_apart(text), server) << text;
  EXPECT_EQ(parsed->url(), url);
  EXPECT_EQ(parsed->element_url(), element_url);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Forms,
    testing::Values(
        Form{"stun:stun.example:19302",
             {"stun", "", "", "stun.example:19302", ""},
             "stun:stun.example:19302",
             "stun://stun.example:19302"},
        Form{"stun://stun.example",
             {"stun", "", "", "stun.example", ""},
             "stun:stun.example",
             "stun://stun.example:3478"},
        Form{"stun:[2001:db8::1]",
             {"stun", "", "", "[2001:db8::1]", ""},
             "stun:[2001:db8::1]",
             "stun://[2001:db8::1]:3478"},
        Form{"turn:u:p@host:99?transport=tcp",
             {"turn", "u", "p", "host:99", "?transport=tcp"},
             "turn:host:99?transport=tcp",
             "turn://u:p@host:99?transport=tcp"},
        Form{"turn://17%3Acam:a%2Fb%3D@host?transport=udp",
             {"turn", "17:cam", "a/b=", "host", "?transport=udp"},
             "turn:host?transport=udp",
             "turn://17%3Acam:a%2Fb%3D@host:3478?transport=udp"},
        Form{"turn:ada:s@cr?t/@10.0.0.1",
             {"turn", "ada", "s@cr?t/", "10.0.0.1", ""},
             "turn:10.0.0.1",
             "turn://ada:s%40cr%3Ft%2F@10.0.0.1:3478"},
        Form{"turns://ada:secret@turn.example?transport=tcp",
             {"turns", "ada", "secret", "turn.example", "?transport=tcp"},
             "turns:turn.example?transport=tcp",
             "turns://ada:secret@turn.example:5349?transport=tcp"},
        Form{"turns:u:p@[::1]:443",
             {"turns", "u", "p", "[::1]:443", ""},
             "turns:[::1]:443",
             "turns://u:p@[::1]:443"}));

TEST(Server, what_cannot_be_used_is_refused_without_repeating_it) {
  for (const char* const bad : {"", "host:3478", "http://host", "turn:host", "turn:u@host",
                                "turn:u:p@", "stun:", "turn:u:%zz@host", "stun:a b", "turn:@host",
                                "turn:u:p%4@host", "turn:u:p@?transport=udp", "stun:@host"}) {
    const auto parsed = parse_server(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().name, kInvalidArgument);
    EXPECT_EQ(parsed.error().message.find("u:p"), std::string::npos) << "repeats a password";
  }
}

TEST(Server, take_apart_looks_at_the_scheme_only) {
  for (const char* const other : {"", "turn", "http://host", "Turn:host", ":host", "turnx:host"}) {
    EXPECT_FALSE(take_apart(other)) << other;
  }
  EXPECT_EQ(take_apart("turn:"), (Server{"turn", "", "", "", ""}));
  EXPECT_EQ(take_apart("turn:host"), (Server{"turn", "", "", "host", ""}));
  EXPECT_EQ(take_apart("turn:ada@host"), (Server{"turn", "ada", "", "host", ""}));
  EXPECT_EQ(take_apart("turn:ada:100%@host"), (Server{"turn", "ada", "100%", "host", ""}));
}

TEST(Server, host_and_port_are_what_a_socket_needs) {
  struct Case {
    const char* text;
    const char* host;
    const char* port;
    bool tcp;
  };
  for (const Case& c : {Case{"stun:a.example", "a.example", "3478", false},
                        Case{"turn:u:p@10.0.0.1:99?transport=tcp", "10.0.0.1", "99", true},
                        Case{"turns:[2001:db8::1]", "2001:db8::1", "5349", true},
                        Case{"turn:u:p@[::1]:443?transport=udp", "::1", "443", false}}) {
    const auto server = take_apart(c.text);
    ASSERT_TRUE(server) << c.text;
    EXPECT_EQ(server->host(), c.host);
    EXPECT_EQ(server->port(), c.port);
    EXPECT_EQ(server->over_tcp(), c.tcp) << c.text;
  }
}

}  // namespace
}  // namespace surveillx::ice
