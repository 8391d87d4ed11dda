#include "surveillx/net/port_reservation.hpp"

#include "surveillx/net/http_server.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>


namespace surveillx::net {
namespace {

Result<std::unique_ptr<HttpServer>> listen_at(EventLoop& loop, const std::string& address) {
  ListenOptions options;
  options.address = address;
  return HttpServer::listen(loop, std::make_shared<Router>(), options);
}

class PortReservations : public testing::TestWithParam<const char*> {};

TEST_P(PortReservations, a_reserved_port_serves_one_server_after_the_other) {
  const auto reservation = PortReservation::take(GetParam()).value();
  EXPECT_NE(reservation->port(), 0);
  EXPECT_TRUE(reservation->address().ends_with(":" + std::to_string(reservation->port())));
  for (int i = 0; i < 3; ++i) {
    EventLoop loop;
    const auto server = listen_at(loop, reservation->address());
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_EQ((*server)->port(), reservation->port());
    EXPECT_TRUE(listen_at(loop, reservation->address()).error().is(kPortInUse));
  }
}

INSTANTIATE_TEST_SUITE_P(Addresses, PortReservations,
                         testing::Values("127.0.0.1:0", "[::1]:0", ":0", "localhost:0"));

TEST(PortReservation, nobody_is_given_a_reserved_port_as_a_free_one) {
  const auto reservation = PortReservation::take("127.0.0.1:0").value();
  EventLoop loop;
  std::vector<std::unique_ptr<HttpServer>> servers;
  for (int i = 0; i < 200; ++i) {
    servers.push_back(listen_at(loop, "127.0.0.1:0").value());
    EXPECT_NE(servers.back()->port(), reservation->port());
  }
}

TEST(PortReservation, a_port_where_somebody_listens_is_refused_by_name) {
  EventLoop loop;
  const auto server = listen_at(loop, "127.0.0.1:0").value();
  const auto taken = PortReservation::take("127.0.0.1:" + std::to_string(server->port()));
  ASSERT_FALSE(taken);
  EXPECT_TRUE(taken.error().is(kPortInUse));
  EXPECT_TRUE(PortReservation::take("nonsense").error().is(kBadAddress));
}

}  // namespace
}  // namespace surveillx::net
