#include "surveillx/net/client.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/socketio/client.hpp"
#include "surveillx/socketio/server.hpp"
#include "surveillx/test_support/support.hpp"

#include "raw_peer.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>

namespace surveillx::socketio {
namespace {

namespace json = boost::json;
using test_support::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

SharedBytes filled(std::size_t size, std::uint8_t value) { return SharedBytes(Bytes(size, value)); }

Arguments with(json::value value) {
  Arguments arguments;
  arguments.args.push_back(std::move(value));
  return arguments;
}

/// A server with a namespace that takes everybody, on a loop of its own.
class SocketIo : public ::testing::Test {
 protected:
  SocketIo() { loop_.start("sio-test"); }

  ~SocketIo() override {
    on_loop([this] {
      client_.reset();
      sockets_.clear();
      server_.reset();
    });
    http_.reset();
    loop_.stop();
  }

  void on_loop(const std::function<void()>& fn) { loop_.run_sync(fn); }

  void serve(ServerOptions options = {}, bool web_sockets = true) {
    on_loop([&] {
      server_ = Server::create(loop_, std::move(options));
      server_->open_namespace("/stream", [this](Server::Admission admission) {
        if (const json::value* token = admission.handshake.auth.if_contains("token");
            token != nullptr && *token == "wrong") {
          return admission.refuse("unauthorized");
        }
        admit(admission.accept());
      });
      router_ = std::make_shared<net::Router>();
      server_->mount(*router_);
      if (!web_sockets) {
        router_->add_upgrade("/socket.io/", [](net::Router::Upgrade upgrade) {
          upgrade.refuse(net::HttpResponse::text(400, "no"));
        });
      }
    });
    listen("127.0.0.1:0");
  }

  void listen(const std::string& address) {
    net::ListenOptions listen;
    listen.address = address;
    auto http = net::HttpServer::listen(loop_, router_, listen);
    ASSERT_TRUE(http.has_value()) << http.error().message;
    http_ = std::move(http.value());
    port_ = http_->port();
  }

  void admit(const SocketPtr& socket) {
    socket->on("echo", [raw = socket.get()](const Arguments& arguments, const Socket::Ack& ack) {
      raw->emit(encode_event("/stream", "echo-back", arguments));
      if (ack) ack(arguments);
    });
    socket->on_disconnect([this](std::string_view reason) {
      const std::lock_guard lock(mutex_);
      gone_.emplace_back(reason);
    });
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
  }

  ClientOptions client_options() const {
    ClientOptions options;
    options.url = "http://127.0.0.1:" + std::to_string(port_);
    options.reconnect_min = std::chrono::milliseconds(5);
    options.reconnect_max = std::chrono::milliseconds(40);
    return options;
  }

  void start_client(ClientOptions options) {
    on_loop([&] {
      client_ = Client::create(loop_, std::move(options));
      client_->on_connect = [this] { ++connects_; };
      client_->on_disconnect = [this](const std::string& reason) {
        const std::lock_guard lock(mutex_);
        lost_.push_back(reason);
      };
      client_->on_refused = [this](const std::string& message) {
        const std::lock_guard lock(mutex_);
        refused_.push_back(message);
      };
      client_->on_event = [this](std::string_view event, const Arguments& arguments) {
        const std::lock_guard lock(mutex_);
        events_.emplace_back(std::string(event), arguments);
      };
      client_->start();
    });
  }

  bool connected() {
    return eventually([this] { return connects_ > 0 && !sockets().empty(); });
  }
  std::vector<SocketPtr> sockets() {
    const std::lock_guard lock(mutex_);
    return sockets_;
  }
  template <class T>
  T copy(const T& of) {
    const std::lock_guard lock(mutex_);
    return of;
  }
  std::string transport() {
    std::string name;
    on_loop([&] { name = client_->transport(); });
    return name;
  }
  Server::Stats stats() {
    Server::Stats stats;
    on_loop([&] { stats = server_->stats(); });
    return stats;
  }

  /// An HTTP request and its answer, from the test's thread.
  net::HttpResponse fetch(const std::string& method, const std::string& target,
                          const std::string& body = {}, const net::Headers& headers = {}) {
    std::promise<net::HttpResponse> answer;
    std::unique_ptr<net::HttpClient> http;
    on_loop([&] {
      http = std::make_unique<net::HttpClient>(loop_);
      net::ClientRequest request;
      request.method = method;
      request.url = "http://127.0.0.1:" + std::to_string(port_) + target;
      request.headers = headers;
      if (!body.empty()) request.body = SharedBytes(body);
      http->request(std::move(request), [&](const Result<net::HttpResponse>& response) {
        answer.set_value(response.has_value() ? response.value()
                                              : net::HttpResponse::text(0, "failed"));
      });
    });
    net::HttpResponse response = answer.get_future().get();
    on_loop([&] { http.reset(); });
    return response;
  }

  static constexpr const char* kPolling = "/socket.io/?EIO=4&transport=polling";
  static constexpr const char* kWebSocket = "/socket.io/?EIO=4&transport=websocket";

  std::string open_polling() {
    const net::HttpResponse response = fetch("GET", kPolling);
    const json::value open = json::parse(response.body.text().substr(1));
    return std::string(kPolling) + "&sid=" + std::string(open.at("sid").get_string());
  }

  net::EventLoop loop_;
  std::shared_ptr<net::Router> router_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<Client> client_;
  std::uint16_t port_ = 0;
  std::atomic<int> connects_{0};
  std::mutex mutex_;
  std::vector<SocketPtr> sockets_;
  std::vector<std::string> gone_;
  std::vector<std::string> lost_;
  std::vector<std::string> refused_;
  std::vector<std::pair<std::string, Arguments>> events_;
};

class EachTransport : public SocketIo, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Transports, EachTransport, ::testing::Values(true, false),
                         [](const auto& name) { return name.param ? "websocket" : "polling"; });

TEST_P(EachTransport, events_acknowledgements_and_binary_go_both_ways) {
  serve({}, GetParam());
  start_client(client_options());
  ASSERT_TRUE(connected());
  EXPECT_EQ(transport(), GetParam() ? "websocket" : "polling");

  std::promise<std::optional<Arguments>> from_server;
  on_loop([&] {
    Arguments arguments;
    arguments.args.push_back(attach(arguments, filled(100'000, 7)));
    arguments.args.emplace_back("text \xe2\x82\xac");
    client_->emit_with_ack("echo", arguments, std::chrono::seconds(20),
                           [&](std::optional<Arguments> answer) { from_server.set_value(answer); });
  });
  const auto answer = from_server.get_future().get();
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->attachments.size(), 1U);
  EXPECT_EQ(attachment(*answer, answer->args.at(0))->size(), 100'000U);
  EXPECT_EQ(answer->args.at(1), "text \xe2\x82\xac");
  ASSERT_TRUE(eventually([&] { return !copy(events_).empty(); }));
  EXPECT_EQ(copy(events_)[0].first, "echo-back");
  EXPECT_EQ(copy(events_)[0].second.attachments.at(0).view()[99'999], 7);

  // The server asks, and a client without a handler for it still acknowledges.
  std::promise<std::optional<Arguments>> from_client;
  on_loop([&] {
    sockets_[0]->emit_with_ack(
        "ask", with(1), std::chrono::seconds(20),
        [&](std::optional<Arguments> given) { from_client.set_value(given); });
  });
  const auto given = from_client.get_future().get();
  ASSERT_TRUE(given.has_value());
  EXPECT_TRUE(given->args.empty());
}

TEST_P(EachTransport, many_events_arrive_once_and_in_order) {
  serve({}, GetParam());
  start_client(client_options());
  ASSERT_TRUE(connected());
  on_loop([&] {
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(client_->emit("echo", with(i)));
    }
  });
  ASSERT_TRUE(eventually([&] { return copy(events_).size() == 200; }));
  const auto events = copy(events_);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(events[static_cast<std::size_t>(i)].second.args.at(0), i);
  }
}

TEST_P(EachTransport, leaving_is_told_to_the_other_side) {
  serve({}, GetParam());
  start_client(client_options());
  ASSERT_TRUE(connected());
  on_loop([&] { client_->stop(); });
  ASSERT_TRUE(eventually([&] { return copy(gone_).size() == 1; }));
  EXPECT_EQ(copy(gone_)[0], "client namespace disconnect");
  EXPECT_TRUE(eventually([&] { return stats().sessions == 0; }));
}

TEST_P(EachTransport, a_disconnect_by_the_server_arrives_and_the_client_comes_back) {
  serve({}, GetParam());
  start_client(client_options());
  ASSERT_TRUE(connected());
  on_loop([&] {
    sockets_[0]->disconnect(true);
    EXPECT_FALSE(sockets_[0]->connected());
    // Told afterwards: the application may be going through its sockets just now.
    EXPECT_TRUE(copy(gone_).empty());
    sockets_[0]->emit(encode_event("/stream", "ignored", {}));
  });
  ASSERT_TRUE(eventually([&] { return copy(gone_).size() == 1; }));
  EXPECT_EQ(copy(gone_)[0], "server namespace disconnect");
  ASSERT_TRUE(eventually([&] { return copy(lost_).size() == 1; }));
  EXPECT_EQ(copy(lost_)[0], "io server disconnect");
  EXPECT_TRUE(eventually([&] { return connects_ == 2; }));
}

TEST_F(SocketIo, heartbeats_keep_a_quiet_connection_open) {
  ServerOptions options;
  options.ping_interval = std::chrono::milliseconds(20);
  options.ping_timeout = std::chrono::milliseconds(2'000);
  serve(options, false);
  start_client(client_options());
  ASSERT_TRUE(connected());
  // Every ping is an event sent: several of them mean that pongs came back.
  const auto before = stats().events_sent;
  ASSERT_TRUE(eventually([&] { return stats().events_sent >= before + 5; }));
  EXPECT_TRUE(copy(lost_).empty());
}

TEST_F(SocketIo, a_server_that_stops_pinging_is_noticed) {
  std::atomic<int> handshakes{0};
  net::HttpResponder pending;
  router_ = std::make_shared<net::Router>();
  router_->add("GET", "/socket.io/",
               [&](const net::HttpRequest& request, const net::HttpResponder& respond) {
                 if (!request.query_value("sid").empty()) {
                   pending = respond;
                   return;
                 }
                 ++handshakes;
                 respond(net::HttpResponse::text(
                     200, R"(0{"sid":"x","upgrades":[],"pingInterval":20,"pingTimeout":20})"));
               });
  router_->add("POST", "/socket.io/",
               [](const net::HttpRequest&, const net::HttpResponder& respond) {
                 respond(net::HttpResponse::text(200, "ok"));
               });
  listen("127.0.0.1:0");
  start_client(client_options());
  EXPECT_TRUE(eventually([&] { return handshakes >= 2; }));
  on_loop([&] { client_.reset(); });
  http_.reset();
}

TEST_F(SocketIo, the_client_returns_after_the_server_was_away) {
  serve();
  start_client(client_options());
  ASSERT_TRUE(connected());
  http_.reset();
  ASSERT_TRUE(eventually([&] { return copy(lost_).size() == 1; }));
  on_loop([&] { EXPECT_FALSE(client_->emit("echo", {})); });
  listen("127.0.0.1:" + std::to_string(port_));
  ASSERT_TRUE(eventually([&] { return connects_ == 2; }));
  EXPECT_THAT(copy(gone_), ElementsAre("transport close"));
}

TEST_F(SocketIo, a_refused_connect_is_told_and_tried_again) {
  serve();
  ClientOptions options = client_options();
  options.auth = {{"token", "wrong"}};
  start_client(options);
  ASSERT_TRUE(eventually([&] { return copy(refused_).size() >= 2; }));
  EXPECT_EQ(copy(refused_)[0], "unauthorized");
  EXPECT_EQ(connects_, 0);
}

TEST_F(SocketIo, a_namespace_that_was_not_opened_is_refused) {
  serve();
  ClientOptions options = client_options();
  options.name_space = "/other";
  start_client(options);
  ASSERT_TRUE(eventually([&] { return !copy(refused_).empty(); }));
  EXPECT_EQ(copy(refused_)[0], "Invalid namespace");
}

TEST_F(SocketIo, an_acknowledgement_that_never_comes_is_nothing) {
  serve();
  RawPeer peer(port_, kWebSocket);
  EXPECT_THAT(peer.receive().data, StartsWith("0{"));
  peer.send_text("40/stream,");
  EXPECT_THAT(peer.receive().data, StartsWith("40/stream,{"));
  std::atomic<int> unanswered{0};
  on_loop([&] {
    sockets_[0]->emit_with_ack("ask", {}, std::chrono::milliseconds(10),
                               [&](const std::optional<Arguments>& a) { unanswered += !a; });
  });
  EXPECT_TRUE(eventually([&] { return unanswered == 1; }));
  on_loop([&] {
    sockets_[0]->emit_with_ack("ask", {}, std::chrono::hours(1),
                               [&](const std::optional<Arguments>& a) { unanswered += !a; });
    sockets_[0]->disconnect(false);
  });
  EXPECT_TRUE(eventually([&] { return unanswered == 2; }));
  // Late, wrong and unknown answers do no harm, and neither do packets that crossed the DISCONNECT.
  peer.send_text("43/stream,1[]");
  peer.send_text("42/stream,[\"echo\"]");
  EXPECT_EQ(peer.receive().data, "42/stream,1[\"ask\"]");
  EXPECT_EQ(peer.receive().data, "42/stream,2[\"ask\"]");
  EXPECT_EQ(peer.receive().data, "41/stream,");
  peer.send_text("40/stream,");
  EXPECT_THAT(peer.receive().data, StartsWith("40/stream,{"));
}

TEST_F(SocketIo, a_slow_viewer_gets_the_newest_frame_and_never_a_queue) {
  serve();
  RawPeer slow(port_, kWebSocket, 16 * 1024);
  EXPECT_THAT(slow.receive().data, StartsWith("0{"));
  slow.send_text("40/stream,");
  EXPECT_THAT(slow.receive().data, StartsWith("40/stream,{"));
  constexpr int kFrames = 200;
  constexpr std::size_t kBytes = 200'000;
  int replaced = 0;
  for (int i = 0; i < kFrames; ++i) {
    // A turn of the loop each, so that what the connection can take is taken.
    on_loop([&] {
      Arguments arguments;
      arguments.args.emplace_back(i);
      arguments.args.push_back(attach(arguments, filled(kBytes, static_cast<std::uint8_t>(i))));
      if (!sockets_[0]->emit_latest("camera", encode_event("/stream", "frame", arguments))) {
        ++replaced;
      }
    });
  }
  // An event is not lost, whatever became of the frames.
  on_loop([&] { sockets_[0]->emit(encode_event("/stream", "attendance", {})); });
  EXPECT_EQ(stats().latest_dropped, static_cast<std::uint64_t>(replaced));
  EXPECT_GT(replaced, kFrames / 2);

  std::vector<int> seen;
  bool attendance = false;
  while (seen.empty() || seen.back() != kFrames - 1 || !attendance) {
    const RawPeer::Message text = slow.receive();
    ASSERT_FALSE(text.closed || text.binary);
    if (text.data == "42/stream,[\"attendance\"]") {
      attendance = true;
      continue;
    }
    ASSERT_THAT(text.data, StartsWith("451-/stream,[\"frame\","));
    const int number = std::stoi(text.data.substr(21));
    const RawPeer::Message picture = slow.receive();
    // Text and attachment belong together, whatever was dropped in between.
    ASSERT_TRUE(picture.binary);
    ASSERT_EQ(picture.data.size(), kBytes);
    ASSERT_EQ(static_cast<std::uint8_t>(picture.data[0]), static_cast<std::uint8_t>(number));
    if (!seen.empty()) {
      EXPECT_GT(number, seen.back());
    }
    seen.push_back(number);
  }
  EXPECT_EQ(static_cast<int>(seen.size()) + replaced, kFrames);
}

TEST_F(SocketIo, a_viewer_too_slow_for_its_events_is_disconnected) {
  ServerOptions options;
  options.max_unsent_bytes = 1'000'000;
  serve(options);
  RawPeer slow(port_, kWebSocket, 16 * 1024);
  slow.receive();
  slow.send_text("40/stream,");
  slow.receive();
  const EncodedEventPtr event = encode_event("/stream", "x", with(json::string(50'000, 'x')));
  int sent = 0;
  while (stats().overflows == 0 && sent < 10'000) {
    on_loop([&] { sockets_[0]->emit(event); });
    ++sent;
  }
  EXPECT_EQ(stats().overflows, 1U);
  ASSERT_TRUE(eventually([&] { return copy(gone_).size() == 1; }));
  EXPECT_EQ(copy(gone_)[0], "send buffer overflow");
  EXPECT_EQ(stats().sessions, 0U);
}

TEST_F(SocketIo, a_polling_viewer_gets_the_newest_frame_at_its_next_poll) {
  serve();
  const std::string session = open_polling();
  EXPECT_EQ(fetch("POST", session, "40/stream,").body.text(), "ok");
  EXPECT_THAT(fetch("GET", session).body.text(), StartsWith("40/stream,{"));
  on_loop([&] {
    for (int i = 0; i < 5; ++i) {
      sockets_[0]->emit_latest("camera", encode_event("/stream", "frame", with(i)));
      sockets_[0]->emit(encode_event("/stream", "event", with(i)));
    }
  });
  EXPECT_EQ(fetch("GET", session).body.text(),
            "42/stream,[\"event\",0]\x1e"
            "42/stream,[\"event\",1]\x1e"
            "42/stream,[\"event\",2]\x1e"
            "42/stream,[\"event\",3]\x1e"
            "42/stream,[\"event\",4]\x1e"
            "42/stream,[\"frame\",4]");
}

TEST_F(SocketIo, a_poll_is_answered_with_16_packets_at_most) {
  serve();
  const std::string session = open_polling();
  fetch("POST", session, "40/stream,");
  fetch("GET", session);
  on_loop([&] {
    for (int i = 0; i < 20; ++i) sockets_[0]->emit(encode_event("/stream", "e", with(i)));
  });
  const auto count = [](const net::HttpResponse& response) {
    const std::string_view text = response.body.text();
    return std::count(text.begin(), text.end(), '\x1e') + 1;
  };
  EXPECT_EQ(count(fetch("GET", session)), 16);
  EXPECT_EQ(count(fetch("GET", session)), 4);
}

TEST_F(SocketIo, what_was_sent_before_a_disconnect_reaches_a_polling_peer) {
  serve();
  const std::string session = open_polling();
  fetch("POST", session, "40/stream,");
  fetch("GET", session);
  on_loop([&] {
    sockets_[0]->emit(encode_event("/stream", "last", {}));
    sockets_[0]->disconnect(true);
  });
  EXPECT_EQ(fetch("GET", session).body.text(),
            "42/stream,[\"last\"]\x1e"
            "41/stream,\x1e"
            "1");
  EXPECT_EQ(fetch("GET", session).status, 400);
}

TEST_F(SocketIo, other_origins_are_refused_unless_they_are_allowed) {
  serve();
  const auto ask = [this](const char* origin) {
    net::Headers headers;
    headers.set("Origin", origin);
    return fetch("GET", kPolling, {}, headers);
  };
  EXPECT_EQ(ask("http://evil.example").status, 403);
  EXPECT_EQ(ask("null").status, 403);
  const net::HttpResponse same = ask(("http://127.0.0.1:" + std::to_string(port_)).c_str());
  EXPECT_EQ(same.status, 200);
  EXPECT_FALSE(same.headers.has("Access-Control-Allow-Origin"));
  EXPECT_EQ(fetch("GET", kPolling).status, 200);
}

TEST_F(SocketIo, the_number_of_sessions_is_limited) {
  ServerOptions options;
  options.max_sessions = 3;
  options.max_sessions_per_address = 2;
  serve(options);
  const std::string first = open_polling();
  open_polling();
  EXPECT_EQ(fetch("GET", kPolling).status, 503);
  EXPECT_EQ(fetch("POST", first, "1").body.text(), "ok");
  EXPECT_EQ(fetch("GET", kPolling).status, 200);
}

TEST_F(SocketIo, attachments_are_kept_for_nobody_who_has_not_been_let_in) {
  serve();
  on_loop([&] { server_->open_namespace("/late", [](const Server::Admission&) {}); });
  const std::string event = "451-/late,[\"a\",{\"_placeholder\":true,\"num\":0}]";
  EXPECT_EQ(fetch("POST", open_polling(), event).status, 400);
  const std::string waiting = open_polling();
  EXPECT_EQ(fetch("POST", waiting, "40/late,").status, 200);
  EXPECT_EQ(fetch("POST", waiting, event).status, 400) << "nor while the answer is awaited";
}

TEST_F(SocketIo, an_answer_may_be_later_than_the_peer) {
  serve();
  std::optional<Server::Admission> held;
  on_loop([&] {
    server_->open_namespace("/late", [&](Server::Admission admission) { held = admission; });
  });
  const std::string session = open_polling();
  fetch("POST", session, "40/late,{\"a\":1}");
  fetch("POST", session, "1");
  on_loop([&] {
    ASSERT_TRUE(held.has_value());
    EXPECT_EQ(held->handshake.auth.at("a"), 1);
    const SocketPtr socket = held->accept();
    EXPECT_FALSE(socket->connected());
    socket->emit(encode_event("/late", "x", {}));
    held->refuse("too late");
    held.reset();
  });
}

TEST_F(SocketIo, a_server_that_goes_away_ends_its_sessions) {
  serve();
  RawPeer peer(port_, kWebSocket);
  peer.receive();
  peer.send_text("40/stream,");
  peer.receive();
  const SocketPtr kept = sockets()[0];
  on_loop([&] { server_.reset(); });
  EXPECT_TRUE(peer.receive().closed);
  on_loop([&] {
    EXPECT_FALSE(kept->connected());
    kept->emit(encode_event("/stream", "x", {}));
    kept->disconnect(true);
  });
}

}  // namespace
}  // namespace surveillx::socketio
