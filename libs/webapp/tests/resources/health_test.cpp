#include "running_web.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace surveillx::webapp {
namespace {

TEST_F(Web, in_legacy_mode_readiness_asks_the_signalling_port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t length = sizeof address;
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  options_.config.signaling.listen = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  options_.config.publish.mode = config::PublishMode::legacy;
  options_.config.publish.url = "http://127.0.0.1:5001";
  start();
  EXPECT_EQ(get("/readyz").status, 503);
  ASSERT_EQ(::listen(listener, 8), 0);
  EXPECT_EQ(get("/readyz").status, 200);
  ::close(listener);
}

TEST_F(Web, it_is_ready_once_media_has_connected_and_alive_before) {
  start();
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/healthz").status, 200);
  connect_media();
  EXPECT_TRUE(eventually([&] { return get("/readyz").status == 200; }));
}

}  // namespace
}  // namespace surveillx::webapp
