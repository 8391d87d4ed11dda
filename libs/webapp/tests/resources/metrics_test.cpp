#include "running_web.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

using testing::HasSubstr;

TEST_F(Web, metrics_are_for_loopback_and_administrators) {
  start();
  ASSERT_TRUE(options_.store->users.add("vera", domain::Role::viewer, "viewer password"));
  EXPECT_THAT(std::string(get("/metrics").body.text()), HasSubstr("surveillx_viewers 0"));
  const auto from_elsewhere = [&](const std::string& token) {
    net::ClientRequest request;
    request.url = "/metrics";
    request.headers.set("Host", "cameras.example");
    request.headers.set("Authorization", "Bearer " + token);
    return send(std::move(request)).status;
  };
  EXPECT_EQ(from_elsewhere(token_of("vera", "viewer password")), 403);
  EXPECT_EQ(from_elsewhere(token_of()), 200);
}

TEST_F(Web, a_name_that_only_looks_like_loopback_and_a_proxy_are_not_loopback) {
  start();
  const auto with = [&](const std::string& header, const std::string& value) {
    net::ClientRequest request;
    request.url = "/metrics";
    request.headers.set(header, value);
    return send(std::move(request)).status;
  };
  EXPECT_EQ(with("Host", "localhost:" + std::to_string(web_->port())), 200);
  EXPECT_EQ(with("Host", "127.0.0.1:1"), 401) << "a proxy that hands on what its client said";
  EXPECT_EQ(with("Host", "127.cameras.example:5000"), 401) << "DNS may point it at 127.0.0.1";
  EXPECT_EQ(with("X-Forwarded-For", "203.0.113.9"), 401);
}

TEST_F(Web, metrics_may_be_read_with_the_token_of_the_monitoring_system) {
  options_.config.security.metrics_token = "a token of the monitoring system";
  start();
  const auto through_a_proxy = [&](const std::string& token) {
    net::ClientRequest request;
    request.url = "/metrics";
    request.headers.set("X-Forwarded-For", "203.0.113.9");
    request.headers.set("Authorization", "Bearer " + token);
    return send(std::move(request)).status;
  };
  EXPECT_EQ(through_a_proxy("a token of the monitoring system"), 200);
  EXPECT_EQ(through_a_proxy("another token of about this size"), 401);
  EXPECT_EQ(get("/api/auth/me", "a token of the monitoring system").status, 401);
}

}  // namespace
}  // namespace surveillx::webapp
