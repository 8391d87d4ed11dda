#pragma once

#include "surveillx/net/client.hpp"
#include "surveillx/socketio/client.hpp"
#include "surveillx/test_support/support.hpp"
#include "surveillx/webapp/web_app.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace surveillx::webapp {

namespace json = boost::json;
using namespace std::chrono_literals;
using test_support::eventually;

inline constexpr const char* kPassword = "correct horse battery";

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

}  // namespace surveillx::webapp
