#include "surveillx/webapp/web_app.hpp"

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/net/client.hpp"
#include "surveillx/socketio/client.hpp"
#include "surveillx/test_support/support.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <future>
#include <mutex>
#include <netinet/in.h>
#include <set>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using test_support::eventually;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPassword = "correct horse battery";

/// A running web process on SQLite in a folder of its own, and a client's loop.
class Web : public testing::Test {
 protected:
  Web() {
    options_.config.data_dir = dir_.path().string();
    options_.config.web.listen = "127.0.0.1:0";
    options_.config.attendance.timezone = "Europe/Berlin";
    options_.config.security.login_attempts = 3;
    options_.version = "1.2.3";
    options_.poll_interval = 20ms;
    store::DatabaseOptions database;
    database.data_dir = dir_.path();
    database.schema = store::SchemaPolicy::migrate;
    auto store = store::Store::open(database, keys_, system_clock(), crypto::PasswordCost::minimal);
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    options_.store = *store;
    EXPECT_TRUE(options_.store->users.ensure_first_admin(kPassword));
    loop_.start("client");
  }
  ~Web() override {
    loop_.run_sync([this] {
      clients_.clear();
      http_.reset();
    });
    web_.reset();
  }

  void start() {
    auto web = WebApp::start(options_);
    ASSERT_TRUE(web) << web.error().message;
    web_ = std::move(*web);
    base_ = web_->url();
  }

  net::HttpResponse send(net::ClientRequest request) {
    std::promise<Result<net::HttpResponse>> answer;
    request.url = base_ + request.url;
    loop_.post([&] {
      if (!http_) http_ = std::make_unique<net::HttpClient>(loop_);
      http_->request(std::move(request), [&](Result<net::HttpResponse> response) {
        answer.set_value(std::move(response));
      });
    });
    auto response = answer.get_future().get();
    EXPECT_TRUE(response) << (response ? "" : response.error().message);
    return response ? *response : net::HttpResponse{};
  }
  net::HttpResponse get(const std::string& url, const std::string& token = {}) {
    net::ClientRequest request;
    request.url = url;
    if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
    return send(std::move(request));
  }
  net::HttpResponse post(const std::string& url, const json::value& body,
                         net::Headers headers = {}) {
    net::ClientRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = std::move(headers);
    request.headers.set("Content-Type", "application/json");
    request.body = SharedBytes(json::serialize(body));
    return send(std::move(request));
  }
  net::HttpResponse login(const std::string& username, const std::string& password) {
    return post("/api/auth/login", {{"username", username}, {"password", password}});
  }
  static json::object body(const net::HttpResponse& response) {
    json::error_code code;
    auto value = json::parse(response.body.text(), code);
    return value.is_object() ? value.as_object() : json::object();
  }
  static std::string text(const json::object& object, const char* key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
  }
  std::string token_of(const std::string& username = "admin",
                       const std::string& password = kPassword) {
    return text(body(login(username, password)), "access_token");
  }

  /// A Socket.IO peer and everything it was told.
  struct Peer {
    std::unique_ptr<socketio::Client> client;
    mutable std::mutex mutex;
    std::vector<std::pair<std::string, socketio::Arguments>> events;
    std::vector<std::string> refusals;
    std::atomic<int> connects{0};
    std::atomic<int> disconnects{0};

    [[nodiscard]] std::vector<json::object> of(const std::string& event) const {
      const std::lock_guard lock(mutex);
      std::vector<json::object> result;
      for (const auto& [name, arguments] : events) {
        if (name == event) result.push_back(arguments.args.at(0).as_object());
      }
      return result;
    }
    [[nodiscard]] std::string refusal() const {
      const std::lock_guard lock(mutex);
      return refusals.empty() ? "" : refusals.front();
    }
  };
  Peer& connect(json::object auth, net::Headers headers = {}) {
    clients_.push_back(std::make_unique<Peer>());
    Peer& peer = *clients_.back();
    loop_.run_sync([&] {
      socketio::ClientOptions options;
      options.url = base_;
      options.auth = std::move(auth);
      options.headers = std::move(headers);
      options.reconnect_min = 20ms;
      options.reconnect_max = 200ms;
      peer.client = socketio::Client::create(loop_, std::move(options));
      peer.client->on_connect = [&peer] { ++peer.connects; };
      peer.client->on_disconnect = [&peer](const std::string&) { ++peer.disconnects; };
      peer.client->on_refused = [&peer](const std::string& message) {
        const std::lock_guard lock(peer.mutex);
        peer.refusals.push_back(message);
      };
      peer.client->on_event = [&peer](std::string_view event,
                                      const socketio::Arguments& arguments) {
        const std::lock_guard lock(peer.mutex);
        peer.events.emplace_back(event, arguments);
      };
      peer.client->start();
    });
    return peer;
  }
  Peer& connect_media() {
    return connect({{"token", keys_.media_token()},
                    {"version", "1.2.3"},
                    {"engine",
                     {{"name", "builtin"},
                      {"model", "builtin-lbph-v1"},
                      {"trial", true},
                      {"notice", "For trying out."}}}});
  }
  void emit(Peer& peer, const std::string& event, json::object payload, Bytes jpeg = {}) {
    loop_.run_sync([&] {
      socketio::Arguments arguments;
      if (!jpeg.empty()) payload["frame"] = socketio::attach(arguments, std::move(jpeg));
      arguments.args.emplace_back(std::move(payload));
      peer.client->emit(event, arguments);
    });
  }
  static json::object camera_payload(const domain::Camera& camera, const char* state) {
    return {{"camera_id", camera.id.str()},
            {"name", camera.name},
            {"state", state},
            {"reason", nullptr},
            {"fps", 30},
            {"width", 640},
            {"height", 360},
            {"codec", "VP8"}};
  }
  static json::object frame_payload(const domain::Camera& camera, int seq) {
    return {{"camera_id", camera.id.str()},
            {"seq", seq},
            {"timestamp", 1'700'000'000'000},
            {"width", 640},
            {"height", 360}};
  }

  test_support::TempDir dir_;
  crypto::KeyRing keys_ = crypto::KeyRing::ephemeral();
  WebAppOptions options_;
  net::EventLoop loop_;
  std::unique_ptr<net::HttpClient> http_;
  std::vector<std::unique_ptr<Peer>> clients_;
  std::unique_ptr<WebApp> web_;
  std::string base_;
};

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

TEST_F(Web, over_https_only_a_cookie_that_was_set_over_https_counts) {
  options_.config.web.external_url = "https://cameras.example";
  start();
  const auto token = token_of();
  const auto me_with = [&](const std::string& name) {
    net::ClientRequest request;
    request.url = "/api/auth/me";
    request.headers.set("Cookie", name + "=" + token);
    return send(std::move(request)).status;
  };
  EXPECT_EQ(me_with("__Host-surveillx_session"), 200);
  EXPECT_EQ(me_with("surveillx_session"), 401) << "planted over plain HTTP, or by a neighbouring host";
  EXPECT_EQ(me_with("__Secure-surveillx_session"), 401) << "the name under a base path";
  auto& planted = connect({}, [&] {
    net::Headers headers;
    headers.set("Cookie", "surveillx_session=" + token);
    return headers;
  }());
  ASSERT_TRUE(eventually([&] { return !planted.refusal().empty(); }));
  EXPECT_EQ(planted.refusal(), "unauthorized");
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

TEST_F(Web, a_body_too_large_for_the_api_is_refused) {
  start();
  const auto response =
      post("/api/auth/login", {{"username", "admin"}, {"password", std::string(100'000, 'x')}});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(Web, how_large_a_body_may_be_depends_on_who_sends_it) {
  start();
  const auto change = [&](std::size_t size, const std::string& token) {
    net::Headers headers;
    if (!token.empty()) headers.set("Authorization", "Bearer " + token);
    return post("/api/auth/password", {{"padding", std::string(size, 'x')}}, headers).status;
  };
  const auto token = token_of();
  EXPECT_EQ(change(20'000, ""), 401) << "who that is comes first";
  EXPECT_EQ(change(20'000, "wrong"), 401);
  EXPECT_EQ(change(20'000, token), 400) << "read, and not what it should be";
  EXPECT_EQ(change(70'000, token), 413);
  EXPECT_EQ(change(70'000, "wrong"), 401);
}

TEST_F(Web, wrong_tokens_of_one_address_shut_out_nobody_who_is_signed_in) {
  start();
  const auto token = token_of();
  EXPECT_EQ(get("/api/auth/me", token).status, 200);
  int limited = 0;
  for (int i = 0; i < 100; ++i) {
    const auto response = get("/api/auth/me", "wrong" + std::to_string(i));
    if (response.status == 429) {
      ++limited;
      EXPECT_EQ(response.headers.get("Retry-After"), "1");
    } else {
      EXPECT_EQ(response.status, 401);
    }
  }
  EXPECT_GT(limited, 10);
  EXPECT_EQ(get("/api/auth/me", token).status, 200);
  EXPECT_EQ(get("/api/auth/me", "wrong").status, 429);
  EXPECT_EQ(get("/api/auth/me", token_of()).status, 200) << "nor who signs in meanwhile";
  EXPECT_THAT(std::string(get("/metrics").body.text()),
              HasSubstr("surveillx_token_lookups_total{result=\"address_limited\"}"));
}

TEST_F(Web, a_browser_that_signed_in_before_is_not_shut_out_by_others_at_its_address) {
  start();
  net::Headers device;
  const auto first = login("admin", kPassword);
  for (const auto& [name, value] : first.headers.all()) {
    if (name == "Set-Cookie" && value.starts_with("surveillx_device=")) {
      device.set("Cookie", value.substr(0, value.find(';')));
    }
  }
  ASSERT_TRUE(device.has("Cookie"));
  for (int i = 0; i < 4; ++i) (void)login("admin", "wrong");
  EXPECT_EQ(login("admin", kPassword).status, 429);
  const json::value right{{"username", "admin"}, {"password", kPassword}};
  EXPECT_EQ(post("/api/auth/login", right, device).status, 200);
  net::Headers forged;
  forged.set("Cookie", "surveillx_device=made.up");
  EXPECT_EQ(post("/api/auth/login", right, forged).status, 429);
  const json::value other{{"username", "somebody"}, {"password", "x"}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post("/api/auth/login", other, device).status, 401);
  EXPECT_EQ(post("/api/auth/login", other, device).status, 429) << "it speaks for one user alone";
}

TEST_F(Web, signing_in_gives_a_token_a_cookie_and_a_csrf_token) {
  start();
  const auto response = login("admin", kPassword);
  ASSERT_EQ(response.status, 200);
  const auto answer = body(response);
  EXPECT_FALSE(text(answer, "access_token").empty());
  EXPECT_FALSE(text(answer, "csrf_token").empty());
  EXPECT_EQ(answer.at("expires_in").as_int64(), 12 * 3600);
  EXPECT_EQ(answer.at("user").as_object().at("role").as_string(), "admin");
  const auto cookie = response.headers.get("Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("surveillx_session=" + text(answer, "access_token")));
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("SameSite=Lax"));
  EXPECT_THAT(cookie, Not(HasSubstr("Secure"))) << "this is plain HTTP";
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");

  const auto me = get("/api/auth/me", text(answer, "access_token"));
  ASSERT_EQ(me.status, 200);
  EXPECT_EQ(text(body(me), "csrf_token"), text(answer, "csrf_token"));
  EXPECT_THAT(text(body(me), "expires_at"), HasSubstr("+0")) << "the site's offset";
}

TEST_F(Web, a_wrong_name_and_a_wrong_password_look_the_same) {
  start();
  const auto wrong_password = login("admin", "wrong");
  const auto wrong_name = login("nobody", kPassword);
  EXPECT_EQ(wrong_password.status, 401);
  EXPECT_EQ(text(body(wrong_password), "code"), "bad_credentials");
  EXPECT_EQ(wrong_password.body.text(), wrong_name.body.text());
  EXPECT_THAT(wrong_name.headers.get("Content-Type"), HasSubstr("application/problem+json"));
}

TEST_F(Web, failed_sign_ins_are_throttled_and_others_are_not) {
  start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(login("admin", "wrong").status, 401);
  const auto refused = login("admin", kPassword);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(text(body(refused), "code"), "too_many_attempts");
  EXPECT_FALSE(refused.headers.get("Retry-After").empty());
  EXPECT_EQ(login("somebody", "else").status, 401);
}

TEST_F(Web, malformed_sign_ins_are_named) {
  start();
  for (const auto& bad :
       {json::value(1), json::value(json::object()),
        json::value({{"username", "admin"}, {"password", 5}}),
        json::value({{"username", std::string(5'000, 'a')}, {"password", "x"}})}) {
    const auto response = post("/api/auth/login", bad);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(text(body(response), "code"), "bad_request");
  }
  net::Headers foreign;
  foreign.set("Origin", "http://evil.example");
  const auto response =
      post("/api/auth/login", {{"username", "admin"}, {"password", kPassword}}, foreign);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(text(body(response), "code"), "forbidden_origin");
}

TEST_F(Web, what_a_cookie_authorises_to_change_needs_the_csrf_token_and_our_origin) {
  start();
  const auto answer = body(login("admin", kPassword));
  net::Headers headers;
  headers.set("Cookie", "surveillx_session=" + text(answer, "access_token"));
  auto response = post("/api/auth/logout", nullptr, headers);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(text(body(response), "code"), "csrf");
  headers.set("X-CSRF-Token", text(answer, "csrf_token"));
  headers.set("Origin", "http://evil.example");
  response = post("/api/auth/logout", nullptr, headers);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(text(body(response), "code"), "forbidden_origin");
  headers.set("Origin", base_);
  response = post("/api/auth/logout", nullptr, headers);
  EXPECT_EQ(response.status, 204);
  EXPECT_THAT(response.headers.get("Set-Cookie"), HasSubstr("Max-Age=0"));
  EXPECT_EQ(get("/api/auth/me", text(answer, "access_token")).status, 401);
}

TEST_F(Web, a_bearer_needs_no_csrf_token) {
  start();
  net::Headers headers;
  headers.set("Authorization", "Bearer " + token_of());
  EXPECT_EQ(post("/api/auth/logout", nullptr, headers).status, 204);
}

TEST_F(Web, a_new_password_ends_the_other_sessions_and_keeps_this_one) {
  start();
  const auto mine = token_of();
  const auto other = token_of();
  net::Headers headers;
  headers.set("Authorization", "Bearer " + mine);
  const auto change = [&](const char* from, const char* to) {
    return post("/api/auth/password", {{"current_password", from}, {"new_password", to}}, headers);
  };
  EXPECT_EQ(change("wrong", "a longer password").status, 403);
  EXPECT_EQ(text(body(change(kPassword, "short")), "code"), "weak_password");
  EXPECT_EQ(change(kPassword, "a longer password").status, 204);
  EXPECT_EQ(get("/api/auth/me", mine).status, 200);
  EXPECT_EQ(get("/api/auth/me", other).status, 401);
  EXPECT_EQ(login("admin", kPassword).status, 401);
  EXPECT_EQ(login("admin", "a longer password").status, 200);
}

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

TEST_F(Web, who_is_refused_behind_an_unconfigured_proxy_reads_which_settings_help) {
  start();
  net::Headers headers;
  headers.set("Origin", "https://cameras.example");  // And Host as nginx writes it when not told.
  const auto response =
      post("/api/auth/login", {{"username", "admin"}, {"password", kPassword}}, headers);
  EXPECT_EQ(response.status, 403);
  const auto detail = text(body(response), "detail");
  for (const char* setting : {"web.external_url", "web.allowed_origins", "web.trusted_proxies",
                              "https://cameras.example", "127.0.0.1"}) {
    EXPECT_THAT(detail, HasSubstr(setting));
  }
}

TEST_F(Web, the_external_url_is_an_origin_of_ours_and_makes_cookies_secure) {
  options_.config.web.external_url = "https://Cameras.example/";
  start();
  net::Headers headers;
  headers.set("Origin", "https://cameras.example");
  const auto response =
      post("/api/auth/login", {{"username", "admin"}, {"password", kPassword}}, headers);
  ASSERT_EQ(response.status, 200);
  EXPECT_THAT(response.headers.get("Set-Cookie"), testing::StartsWith("__Host-surveillx_session="));
  EXPECT_THAT(response.headers.get("Set-Cookie"), HasSubstr("; Path=/; "));
  EXPECT_THAT(response.headers.get("Set-Cookie"), HasSubstr("; Secure"));
  net::ClientRequest request;
  request.url = "/socket.io/?EIO=4&transport=polling";
  request.headers = headers;
  EXPECT_EQ(send(std::move(request)).status, 200);
  headers.set("Origin", "https://cameras.example.evil.example");
  EXPECT_EQ(post("/api/auth/login", {{"username", "admin"}, {"password", kPassword}}, headers).status,
            403);
  EXPECT_EQ(get("/metrics").status, 401) << "the proxy was not named, so nobody is loopback";
}

TEST_F(Web, a_trusted_proxy_says_who_asks_and_a_client_cannot_say_it_itself) {
  options_.config.web.trusted_proxies = {"127.0.0.1"};
  start();
  const auto attempt = [&](const std::string& forwarded, const std::string& password) {
    net::Headers headers;
    headers.set("X-Forwarded-For", forwarded);
    headers.set("X-Forwarded-Proto", "https");
    headers.set("X-Forwarded-Host", "cameras.example");
    headers.set("Origin", "https://cameras.example");
    return post("/api/auth/login", {{"username", "admin"}, {"password", password}}, headers);
  };
  // Whatever the client wrote itself stands left of what the proxy saw.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(attempt("10.9.8." + std::to_string(i) + ", 203.0.113.9", "wrong").status, 401);
  }
  EXPECT_EQ(attempt("10.9.8.7, 203.0.113.9", kPassword).status, 429);
  const auto elsewhere = attempt("198.51.100.1", kPassword);
  EXPECT_EQ(elsewhere.status, 200) << "another client of the same proxy";
  EXPECT_THAT(elsewhere.headers.get("Set-Cookie"), HasSubstr("; Secure"));
  EXPECT_EQ(get("/metrics").status, 401) << "from a proxy nobody is loopback";
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

TEST_F(Web, cameras_are_offline_until_media_tells_otherwise) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  const auto token = token_of();
  auto list = body(get("/api/cameras", token)).at("cameras").as_array();
  ASSERT_EQ(list.size(), 1);
  EXPECT_EQ(list[0].as_object().at("state").as_string(), "offline");
  EXPECT_TRUE(list[0].as_object().at("last_frame_at").is_null());
  EXPECT_FALSE(body(get("/api/system", token)).at("media_connected").as_bool());
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/healthz").status, 200);

  auto& media = connect_media();
  ASSERT_TRUE(eventually([&] { return get("/readyz").status == 200; }));
  emit(media, "camera", camera_payload(camera, "live"));
  ASSERT_TRUE(eventually([&] {
    return body(get("/api/cameras", token)).at("cameras").as_array()[0].as_object().at("state") ==
           "live";
  }));
  const auto system = body(get("/api/system", token));
  EXPECT_TRUE(system.at("media_connected").as_bool());
  EXPECT_EQ(system.at("engine").as_object().at("name").as_string(), "builtin");
  EXPECT_EQ(system.at("database").as_object().at("kind").as_string(), "sqlite");
  EXPECT_EQ(system.at("timezone").as_string(), "Europe/Berlin");
}

TEST_F(Web, attendance_is_told_by_day_in_the_sites_zone) {
  const auto person = *options_.store->people.create({"Ada Lovelace", "S-1", "3b"});
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  domain::Sighting sighting;
  sighting.id = SightingId::random();
  sighting.person_id = person.id;
  sighting.camera_id = camera.id;
  sighting.at = system_clock().now();
  const auto zone = *attendance::TimeZone::find("Europe/Berlin");
  ASSERT_TRUE(options_.store->attendance.deliver(sighting, {}, zone));
  start();
  const auto token = token_of();
  const auto answer = body(get("/api/attendance", token));
  ASSERT_EQ(answer.at("records").as_array().size(), 1);
  const auto record = answer.at("records").as_array()[0].as_object();
  EXPECT_EQ(record.at("person").as_string(), "Ada Lovelace");
  EXPECT_EQ(record.at("external_id").as_string(), "S-1");
  EXPECT_EQ(text(record, "first_seen"), zone.format_rfc3339(sighting.at));
  EXPECT_EQ(text(record, "day"), text(answer, "today"));
  EXPECT_TRUE(body(get("/api/attendance?date=2001-01-01", token)).at("records").as_array().empty());
  for (const char* bad : {"date=2001-02-30", "date=yesterday", "from=2002-01-01&to=2001-01-01",
                          "from=2001-01-01&to=2003-01-01", "date=2001-01-01&to=2001-01-01"}) {
    EXPECT_EQ(get(std::string("/api/attendance?") + bad, token).status, 400) << bad;
  }
}

TEST_F(Web, people_are_paged_and_searched) {
  for (const char* name : {"Ada", "Grace", "Hedy"}) {
    ASSERT_TRUE(options_.store->people.create({name, "", ""}));
  }
  start();
  const auto token = token_of();
  auto page = body(get("/api/people?limit=2", token));
  EXPECT_EQ(page.at("people").as_array().size(), 2);
  page = body(get("/api/people?limit=2&cursor=" + text(page, "next_cursor"), token));
  EXPECT_EQ(page.at("people").as_array().size(), 1);
  EXPECT_TRUE(page.at("next_cursor").is_null());
  page = body(get("/api/people?search=GRA", token));
  ASSERT_EQ(page.at("people").as_array().size(), 1);
  EXPECT_EQ(get("/api/people?limit=0", token).status, 400);
  EXPECT_EQ(get("/api/people?cursor=nonsense", token).status, 400);
}

TEST_F(Web, a_viewer_sees_what_media_sends) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& media = connect_media();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.of("status").size() == 1; }));
  ASSERT_TRUE(eventually([&] { return viewer.of("camera").size() == 1; }));
  EXPECT_EQ(text(viewer.of("status")[0], "version"), "1.2.3");
  emit(viewer, "watch", {{"max_fps", 60}});
  ASSERT_TRUE(eventually([&] {
    const auto demands = media.of("demand");
    return !demands.empty() && demands.back().at("cameras").as_object().contains(camera.id.str());
  }));
  const auto demand =
      media.of("demand").back().at("cameras").as_object().at(camera.id.str()).as_object();
  EXPECT_EQ(demand.at("fps").to_number<double>(), 60);
  EXPECT_EQ(json::serialize(demand.at("widths")), "[640]");

  emit(media, "frame", frame_payload(camera, 1), {0xFF, 0xD8, 0x00, 0xFF, 0xD9});
  ASSERT_TRUE(eventually([&] { return viewer.of("frame").size() == 1; }));
  const std::lock_guard lock(viewer.mutex);
  const auto& [name, arguments] = viewer.events.back();
  ASSERT_EQ(arguments.attachments.size(), 1);
  EXPECT_EQ(arguments.attachments[0].size(), 5);
  EXPECT_TRUE(arguments.args[0].as_object().contains("server_time"));
}

TEST_F(Web, a_viewer_by_cookie_that_never_watches_gets_base64) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& media = connect_media();
  net::Headers headers;
  headers.set("Cookie", "surveillx_session=" + token_of());
  auto& viewer = connect({}, headers);
  ASSERT_TRUE(eventually([&] {
    const auto demands = media.of("demand");
    return !demands.empty() && !demands.back().at("cameras").as_object().empty();
  }));
  emit(media, "frame", frame_payload(camera, 1), {0xFF, 0xD8, 0xFF, 0xD9});
  ASSERT_TRUE(eventually([&] { return viewer.of("frame").size() == 1; }));
  EXPECT_EQ(text(viewer.of("frame")[0], "frame"), "/9j/2Q==");
}

TEST_F(Web, nobody_connects_without_valid_credentials) {
  start();
  auto& nobody = connect({});
  auto& wrong = connect({{"token", "wrong"}});
  auto& odd = connect({{"token", 5}});
  for (Peer* peer : {&nobody, &wrong, &odd}) {
    ASSERT_TRUE(eventually([&] { return !peer->refusal().empty(); }));
    EXPECT_EQ(peer->refusal(), "unauthorized");
    EXPECT_EQ(peer->connects, 0);
  }
}

TEST_F(Web, a_viewer_that_goes_while_its_session_is_looked_up_leaves_nothing_behind) {
  start();
  const auto token = token_of();
  const std::string path = "/socket.io/?EIO=4&transport=polling";
  for (int i = 0; i < 5; ++i) {
    const std::string open(get(path).body.text());
    const std::string sid = text(json::parse(open.substr(1)).as_object(), "sid");
    net::ClientRequest request;
    request.method = "POST";
    request.url = path + "&sid=" + sid;
    // CONNECT and, in the same payload, the goodbye.
    request.body = SharedBytes("40/stream,{\"token\":\"" + token + "\"}\x1e" + "1");
    EXPECT_EQ(send(std::move(request)).status, 200);
  }
  const auto& stays = connect({{"token", token}});
  ASSERT_TRUE(eventually([&] { return stays.connects == 1; }));
  // Their look-ups may still be under way.
  EXPECT_TRUE(eventually([&] {
    return std::string(get("/metrics").body.text()).find("surveillx_viewers 1\n") !=
           std::string::npos;
  })) << get("/metrics").body.text();
}

TEST_F(Web, a_page_of_another_site_cannot_use_the_cookie) {
  start();
  net::Headers headers;
  headers.set("Cookie", "surveillx_session=" + token_of());
  headers.set("Origin", "http://evil.example");
  net::ClientRequest request;
  request.url = "/socket.io/?EIO=4&transport=polling";
  request.headers = headers;
  EXPECT_GE(send(std::move(request)).status, 400);
}

TEST_F(Web, a_viewer_that_sends_medias_events_is_cut_off) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& honest = connect({{"token", token_of()}});
  auto& liar = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return honest.connects == 1 && liar.connects == 1; }));
  emit(liar, "camera", camera_payload(camera, "live"));
  ASSERT_TRUE(eventually([&] { return liar.disconnects == 1; }));
  for (const auto& told : honest.of("camera")) {
    EXPECT_EQ(told.at("state").as_string(), "offline");
  }
  EXPECT_EQ(honest.disconnects, 0);
}

TEST_F(Web, signing_out_drops_the_sessions_sockets_and_no_others) {
  start();
  const auto token = token_of();
  auto& mine = connect({{"token", token}});
  auto& other = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return mine.connects == 1 && other.connects == 1; }));
  net::Headers headers;
  headers.set("Authorization", "Bearer " + token);
  EXPECT_EQ(post("/api/auth/logout", nullptr, headers).status, 204);
  ASSERT_TRUE(eventually([&] { return mine.disconnects == 1 && !mine.refusal().empty(); }));
  EXPECT_EQ(mine.refusal(), "unauthorized");
  EXPECT_EQ(other.disconnects, 0);
}

TEST_F(Web, a_session_that_another_process_ended_drops_its_sockets) {
  start();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.connects == 1; }));
  const auto admin = *options_.store->users.find_by_name("admin");
  ASSERT_TRUE(options_.store->users.set_password(admin.id, "set on the command line"));
  EXPECT_TRUE(eventually([&] { return viewer.disconnects == 1; }));
}

TEST_F(Web, cameras_added_and_removed_while_watching_come_and_go) {
  start();
  auto& media = connect_media();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.connects == 1 && media.connects == 1; }));
  const auto camera = options_.store->cameras.add("Yard")->camera;
  ASSERT_TRUE(eventually([&] { return viewer.of("camera").size() == 1; }));
  EXPECT_TRUE(eventually([&] { return !media.of("gallery").empty(); }));
  ASSERT_TRUE(options_.store->cameras.remove(camera.id));
  ASSERT_TRUE(eventually([&] { return viewer.of("camera").size() == 2; }));
  EXPECT_EQ(text(viewer.of("camera")[1], "state"), "removed");
}

TEST_F(Web, when_media_goes_viewers_are_told_and_when_it_comes_back_they_go_on) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& media = connect_media();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.connects == 1 && media.connects == 1; }));
  emit(viewer, "watch", {});
  emit(media, "camera", camera_payload(camera, "live"));
  const auto last_state = [&] {
    const auto told = viewer.of("camera");
    return told.empty() ? "" : text(told.back(), "state");
  };
  ASSERT_TRUE(eventually([&] { return last_state() == "live"; }));
  loop_.run_sync([&] { media.client->stop(); });
  ASSERT_TRUE(eventually([&] { return last_state() == "offline"; }));
  auto& again = connect_media();
  ASSERT_TRUE(eventually([&] {
    const auto demands = again.of("demand");
    return !demands.empty() && demands.front().at("cameras").as_object().contains(camera.id.str());
  }));
  EXPECT_EQ(viewer.disconnects, 0);
}

TEST_F(Web, attendance_committed_while_media_is_away_reaches_open_pages) {
  const auto ada = *options_.store->people.create({.name = "Ada", .external_id = "", .group = ""});
  start();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.connects == 1; }));
  const domain::Sighting sighting{.id = SightingId::random(),
                                  .person_id = ada.id,
                                  .camera_id = CameraId::random(),
                                  .at = from_millis(1'795'430'400'000),
                                  .kind = domain::SightingKind::first,
                                  .model = "m"};
  ASSERT_TRUE(
      options_.store->attendance.deliver(sighting, {}, *attendance::TimeZone::find("Europe/Berlin")));
  ASSERT_TRUE(eventually([&] { return viewer.of("attendance").size() == 1; }));
  const auto event = viewer.of("attendance")[0];
  EXPECT_EQ(text(event, "person_id"), ada.id.str());
  EXPECT_EQ(text(event, "camera_id"), sighting.camera_id.str());
  EXPECT_TRUE(event.at("new").as_bool());
}

TEST_F(Web, a_media_process_elsewhere_may_have_a_token_of_its_own) {
  options_.config.publish.token = "a token that was set";
  start();
  auto& media = connect({{"token", "a token that was set"}});
  ASSERT_TRUE(eventually([&] { return !media.of("demand").empty(); }));
}

TEST_F(Web, a_newer_media_replaces_the_older) {
  start();
  auto& older = connect_media();
  ASSERT_TRUE(eventually([&] { return older.connects == 1; }));
  auto& newer = connect_media();
  EXPECT_TRUE(eventually([&] { return older.disconnects >= 1; }));
  // Stop the older before it comes back and replaces the newer in turn.
  loop_.run_sync([&] { older.client->stop(); });
  EXPECT_TRUE(eventually([&] { return newer.connects >= 1; }));
}

TEST_F(Web, media_of_two_nodes_stand_side_by_side_and_are_told_the_demand) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& north = connect({{"token", keys_.media_token()}, {"version", "1.2.3"}, {"node", "north"}});
  auto& south = connect({{"token", keys_.media_token()}, {"version", "1.2.3"}, {"node", "south"}});
  ASSERT_TRUE(eventually([&] { return !north.of("demand").empty() && !south.of("demand").empty(); }));
  emit(north, "camera", camera_payload(camera, "live"));
  const auto token = token_of();
  const auto state = [&] {
    return std::string(
        body(get("/api/cameras", token)).at("cameras").as_array()[0].at("state").as_string());
  };
  ASSERT_TRUE(eventually([&] { return state() == "live"; }));
  loop_.run_sync([&] { north.client->stop(); });
  EXPECT_TRUE(eventually([&] { return state() == "offline"; }));
  EXPECT_TRUE(body(get("/api/system", token)).at("media_connected").as_bool());
  EXPECT_EQ(south.disconnects, 0);
}

TEST_F(Web, a_session_has_a_limited_number_of_sockets) {
  options_.config.web.max_sockets_per_session = 2;
  start();
  const auto token = token_of();
  auto& first = connect({{"token", token}});
  auto& second = connect({{"token", token}});
  ASSERT_TRUE(eventually([&] { return first.connects == 1 && second.connects == 1; }));
  auto& third = connect({{"token", token}});
  ASSERT_TRUE(eventually([&] { return !third.refusal().empty(); }));
  EXPECT_EQ(third.refusal(), "too_many_connections");
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

TEST_F(Web,
       in_legacy_mode_readiness_asks_the_signalling_port_and_the_page_is_told_where_pictures_go) {
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
  const auto system = body(get("/api/system", token_of()));
  EXPECT_EQ(system.at("publish").as_object().at("mode").as_string(), "legacy");
  EXPECT_EQ(system.at("publish").as_object().at("url").as_string(), "http://127.0.0.1:5001");
}

}  // namespace
}  // namespace surveillx::webapp
