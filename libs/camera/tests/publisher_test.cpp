#include "surveillx/camera/publisher.hpp"

#include "fake_server.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>

namespace surveillx::camera {
namespace {

using namespace test;

TEST(Publisher, shows_its_token_as_bearer_and_in_hello) {
  Told told;
  std::atomic<bool> token_seen = false;
  FakeServer server([&](const net::WebSocketPtr&, const std::string& text) {
    const auto message = signaling::decode(text);
    const auto* hello = std::get_if<signaling::Hello>(&*message);
    token_seen = hello != nullptr && hello->token == "t0ken";
  });
  const auto publisher = publish(quick_options(server.url()), told);
  EXPECT_TRUE(server.diary.wait("hello"));
  EXPECT_EQ(server.diary.count("authorization Bearer t0ken"), 1);
  EXPECT_TRUE(eventually([&] { return token_seen.load(); }));
}

TEST(Publisher, gives_up_after_close_4401_and_4409_and_says_what_to_do) {
  struct Case {
    std::uint16_t code;
    ErrorName error;
    const char* advice;
  };
  for (const Case& c : {Case{4401, kRefused, "surveillx cameras token"},
                        Case{4409, kTakenOver, "surveillx cameras add"}}) {
    SCOPED_TRACE(c.code);
    Told told;
    FakeServer server([&](const net::WebSocketPtr& socket, const std::string& text) {
      if (is_hello(text)) socket->close(c.code, "");
    });
    const auto publisher = publish(quick_options(server.url()), told);
    ASSERT_TRUE(told.diary.wait("finished"));
    {
      const std::lock_guard lock(told.mutex);
      EXPECT_EQ(told.finished->name, c.error);
      EXPECT_NE(told.finished->message.find(c.advice), std::string::npos);
    }
    EXPECT_FALSE(eventually([&] { return server.diary.count("open") > 1; }, 100ms));
    EXPECT_EQ(told.diary.count("waiting"), 0);
  }
}

TEST(Publisher, comes_back_after_every_other_end) {
  constexpr std::array<std::uint16_t, 6> kCodes{1000, 1001, 1008, 1013, 4408, 4410};
  for (const std::uint16_t code : kCodes) {
    SCOPED_TRACE(code);
    Told told;
    FakeServer server([&](const net::WebSocketPtr& socket, const std::string& text) {
      if (is_hello(text)) socket->close(code, "");
    });
    const auto publisher = publish(quick_options(server.url()), told);
    EXPECT_TRUE(server.diary.wait("open", 3));
    EXPECT_TRUE(told.diary.wait("waiting", 2));
    EXPECT_EQ(told.diary.count("finished"), 0);
  }
}

TEST(Publisher, comes_back_after_garbage_and_after_a_cut_socket) {
  Told told;
  std::atomic<int> greeted = 0;
  FakeServer server([&](const net::WebSocketPtr& socket, const std::string& text) {
    if (!is_hello(text)) return;
    if (greeted++ == 0) {
      socket->send_text(SharedBytes(std::string("{")));
    } else if (greeted == 2) {
      socket->abort();
    }
  });
  const auto publisher = publish(quick_options(server.url()), told);
  EXPECT_TRUE(server.diary.wait("open", 3));
}

TEST(Publisher, tries_until_there_is_a_server) {
  std::uint16_t port = 0;
  {
    const FakeServer somebody_else([](const auto&, const auto&) {});
    port = somebody_else.port();
  }
  Told told;
  const auto publisher = publish(quick_options("ws://127.0.0.1:" + std::to_string(port)), told);
  ASSERT_TRUE(told.diary.wait("waiting", 3));
  FakeServer server([](const auto&, const auto&) {}, port);
  EXPECT_TRUE(server.diary.wait("hello"));
}

TEST(Publisher, starts_over_when_its_offer_is_refused) {
  Told told;
  FakeServer server([](const net::WebSocketPtr& socket, const std::string& text) {
    if (is_hello(text)) {
      send(socket, signaling::Welcome{"id", {}});
    } else {
      send(socket, signaling::ErrorMessage{"unsupported_codec", "no"});
    }
  });
  const auto publisher = publish(quick_options(server.url()), told);
  EXPECT_TRUE(server.diary.wait("offer", 2));
  EXPECT_TRUE(told.diary.wait("connected", 2));
  EXPECT_EQ(told.diary.count("live"), 0);
}

}  // namespace
}  // namespace surveillx::camera
