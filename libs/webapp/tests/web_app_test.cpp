#include "running_web.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>

namespace surveillx::webapp {
namespace {

using testing::HasSubstr;

TEST_F(Web, every_route_but_the_open_ones_asks_who_is_there) {
  start();
  const std::vector<std::string> open{"/api/auth/login", "/healthz", "/readyz"};
  int guarded = 0;
  for (const auto& route : web_->routes()) {
    net::ClientRequest request;
    request.method = route.method;
    request.url = route.pattern;
    // Not loopback for the one route that lets loopback in.
    request.headers.set("Host", "cameras.example");
    const auto status = send(std::move(request)).status;
    if (route.access == Access::open) {
      EXPECT_THAT(open, testing::Contains(route.pattern));
      EXPECT_NE(status, 401) << route.pattern;
    } else {
      ++guarded;
      EXPECT_EQ(status, 401) << route.method << " " << route.pattern;
    }
  }
  EXPECT_GE(guarded, 8);
}

TEST_F(Web, the_contract_names_exactly_the_routes_there_are) {
  start();
  const auto contract =
      test_support::read_file(std::string(SURVEILLX_CONTRACTS) + "/http.openapi.yaml");
  std::set<std::string> written;
  std::string path;
  std::istringstream lines(contract.substr(0, contract.find("\ncomponents:")));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  /") && line.ends_with(":")) path = line.substr(2, line.size() - 3);
    for (const std::string method : {"get", "post", "put", "patch", "delete"}) {
      if (line == "    " + method + ":") written.insert(method + " " + path);
    }
  }
  std::set<std::string> served;
  for (const auto& route : web_->routes()) {
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    served.insert(method + " " + route.pattern);
  }
  EXPECT_EQ(written, served);
}

TEST_F(Web, in_public_mode_it_speaks_tls_with_a_certificate_that_can_be_pinned) {
  options_.config.security.public_ = true;
  start();
  EXPECT_THAT(base_, HasSubstr("https://127.0.0.1:"));
  net::ClientRequest request;
  request.method = "POST";
  request.url = "/api/auth/login";
  request.body =
      SharedBytes(json::serialize(json::object{{"username", "admin"}, {"password", kPassword}}));
  request.trust.pin_sha256 = *net::certificate_pin(options_.config.web_tls()->certificate);
  const auto response = send(std::move(request));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.headers.get("Set-Cookie"), HasSubstr("; Secure"));
  EXPECT_THAT(response.headers.get("Set-Cookie"), testing::StartsWith("__Host-surveillx_session="));
}

TEST_F(Web, under_a_base_path_everything_answers_with_and_without_it) {
  options_.config.web.base_path = "/sx/";
  start();
  for (const char* path : {"/healthz", "/sx/healthz"}) EXPECT_EQ(get(path).status, 200) << path;
  EXPECT_EQ(get("/sxy/healthz").status, 404);
  const auto token = token_of();
  for (const char* path : {"/api/auth/me", "/sx/api/auth/me"}) {
    EXPECT_EQ(get(path, token).status, 200) << path;
  }
  EXPECT_EQ(get("/sx/sx/api/auth/me", token).status, 404) << "taken off once";
  EXPECT_EQ(get("/sx/socket.io/?EIO=4&transport=polling").status, 200);

  const std::string cookie(login("admin", kPassword).headers.get("Set-Cookie"));
  EXPECT_THAT(cookie, HasSubstr("; Path=/sx; "));
  const auto page = [&](const std::string& path) {
    net::ClientRequest request;
    request.url = path;
    request.headers.set("Accept", "text/html");
    return send(std::move(request));
  };
  const auto index = page("/sx/");
  EXPECT_EQ(index.status, 200);
  for (const char* path : {"/", "/sx", "/sx/attendance", "/attendance", "/sx/a/b/c"}) {
    EXPECT_EQ(page(path).body.text(), index.body.text()) << path;
  }
  EXPECT_THAT(index.headers.get("Content-Security-Policy"), HasSubstr("base-uri 'none'"));
}

TEST_F(Web, strict_transport_security_is_for_certificates_that_others_vouch_for) {
  options_.config.security.public_ = true;
  start();
  const auto header = [&] {
    net::ClientRequest request;
    request.url = "/healthz";
    if (options_.config.web_tls()) {
      request.trust.certificate_file = options_.config.web_tls()->certificate;
    }
    return std::string(send(std::move(request)).headers.get("Strict-Transport-Security"));
  };
  EXPECT_EQ(header(), "") << "self-signed";
  web_.reset();
  options_.config.security.hsts = config::Hsts::always;
  start();
  EXPECT_THAT(header(), HasSubstr("max-age="));

  // An authority and a certificate that it signed.
  web_.reset();
  options_.config.security = config::Security{};
  const std::string at = dir_.path().string() + "/";
  const std::string openssl =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=authority -keyout " + at +
      "ca.key -out " + at + "ca.pem && openssl req -newkey rsa:2048 -nodes -subj /CN=cam.test "
      "-keyout " + at + "k -out " + at + "r && openssl x509 -req -in " + at + "r -CA " + at +
      "ca.pem -CAkey " + at + "ca.key -days 30 -out " + at + "c";
  ASSERT_EQ(std::system(("(" + openssl + ") 2>/dev/null").c_str()), 0);
  options_.config.web.certificate = at + "c";
  options_.config.web.key = at + "k";
  start();
  EXPECT_THAT(header(), HasSubstr("max-age="));
  const auto metrics = [&] {
    net::ClientRequest request;
    request.url = "/metrics";
    request.trust.certificate_file = at + "c";
    return std::string(send(std::move(request)).body.text());
  };
  EXPECT_THAT(metrics(), HasSubstr("surveillx_certificate_days_left 29"));
  web_.reset();
  options_.config.security.hsts = config::Hsts::never;
  start();
  EXPECT_EQ(header(), "");
}

TEST_F(Web, answers_carry_security_headers) {
  start();
  for (const char* path : {"/", "/api/auth/me", "/healthz", "/nothing"}) {
    const auto response = get(path);
    EXPECT_THAT(response.headers.get("Content-Security-Policy"), HasSubstr("default-src 'self'"));
    EXPECT_THAT(response.headers.get("Content-Security-Policy"),
                HasSubstr("frame-ancestors 'none'"));
    EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff") << path;
  }
}

TEST_F(Web, the_dashboard_answers_for_its_own_paths_and_never_for_the_api) {
  start();
  net::ClientRequest request;
  request.url = "/attendance";
  request.headers.set("Accept", "text/html");
  const auto page = send(std::move(request));
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.headers.get("Content-Type"), HasSubstr("text/html"));
  net::ClientRequest unknown;
  unknown.url = "/api/nothing";
  unknown.headers.set("Accept", "text/html");
  const auto missing = send(std::move(unknown));
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.headers.get("Content-Type"), HasSubstr("application/problem+json"));
}

TEST_F(Web, a_port_in_use_is_a_named_error_that_leaves_nothing_behind) {
  start();
  WebAppOptions options = options_;
  options.config.web.listen = "127.0.0.1:" + std::to_string(web_->port());
  const auto second = WebApp::start(std::move(options));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().name.text(), "port_in_use");
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(Web, an_unknown_time_zone_is_a_named_error) {
  options_.config.attendance.timezone = "Mars/Olympus";
  const auto web = WebApp::start(options_);
  ASSERT_FALSE(web);
  EXPECT_EQ(web.error().name.text(), "unknown_time_zone");
}

}  // namespace
}  // namespace surveillx::webapp
