#include "surveillx/net/http_server.hpp"
#include "surveillx/test_support/support.hpp"

#include "router_impl.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace surveillx::net {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  /// A route that answers with its name and parameters.
  void add(const std::string& method, const std::string& pattern, const std::string& name) {
    router_->add(method, pattern, [name](HttpRequest request, const HttpResponder& respond) {
      std::string text = name;
      for (const auto& [key, value] : request.params) text += " " + key + "=" + value;
      respond(HttpResponse::text(200, text));
    });
  }
  HttpResponse ask(const std::string& method, const std::string& path) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    HttpResponse out;
    out.status = 0;
    dispatch(router_, std::move(request),
             [&](HttpResponse response) { out = std::move(response); });
    return out;
  }
  std::string text(const std::string& method, const std::string& path) {
    return std::string(ask(method, path).body.text());
  }

  std::shared_ptr<Router> router_ = std::make_shared<Router>();
};

TEST_F(RouterTest, literal_wins_over_parameter_over_rest) {
  add("GET", "/people/{id}", "one");
  add("GET", "/people/export", "export");
  add("GET", "/people/{*rest}", "rest");
  EXPECT_EQ(text("GET", "/people/export"), "export");
  EXPECT_EQ(text("GET", "/people/42"), "one id=42");
  EXPECT_EQ(text("GET", "/people/42/photos"), "rest rest=42/photos");
  EXPECT_EQ(text("GET", "/people/"), "rest rest=");
  EXPECT_EQ(ask("GET", "/people").status, 404);
}

TEST_F(RouterTest, a_less_literal_route_is_found_when_the_literal_one_lacks_the_method) {
  add("POST", "/people/search", "search");
  add("GET", "/people/{id}", "one");
  EXPECT_EQ(text("GET", "/people/search"), "one id=search");
  EXPECT_EQ(text("POST", "/people/search"), "search");
  EXPECT_EQ(ask("POST", "/people/42").status, 405);
}

TEST_F(RouterTest, parameters_of_several_segments_keep_their_own_names) {
  add("GET", "/cameras/{camera}/days/{day}", "a");
  add("DELETE", "/cameras/{id}/days/{date}", "b");
  EXPECT_EQ(text("GET", "/cameras/7/days/mon"), "a camera=7 day=mon");
  EXPECT_EQ(text("DELETE", "/cameras/7/days/mon"), "b date=mon id=7");
}

TEST_F(RouterTest, another_method_gets_405_with_allow) {
  add("GET", "/x", "x");
  add("POST", "/x", "x");
  const HttpResponse response = ask("PUT", "/x");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(text("HEAD", "/x"), "x");
}

TEST_F(RouterTest, a_trailing_slash_is_another_path) {
  add("GET", "/socket.io/", "with");
  EXPECT_EQ(text("GET", "/socket.io/"), "with");
  EXPECT_EQ(ask("GET", "/socket.io").status, 404);
}

TEST_F(RouterTest, unknown_paths_go_to_the_fallback) {
  EXPECT_EQ(ask("GET", "/nowhere").headers.get("Content-Type"), "application/problem+json");
  router_->set_fallback([](const HttpRequest& request, const HttpResponder& respond) {
    respond(HttpResponse::text(200, "fallback " + request.path));
  });
  EXPECT_EQ(text("GET", "/nowhere"), "fallback /nowhere");
}

TEST_F(RouterTest, a_path_for_web_sockets_alone_asks_for_an_upgrade) {
  router_->add_upgrade("/ws", [](const Router::Upgrade&) {});
  EXPECT_EQ(ask("GET", "/ws").status, 426);
}

TEST_F(RouterTest, a_full_pool_answers_503_busy) {
  WorkerPool pool("pool", 0, 1);  // No thread: the first job stays queued.
  router_->add_blocking("GET", "/slow", pool,
                        [](const HttpRequest&) { return HttpResponse::text(200, "done"); });
  EXPECT_EQ(ask("GET", "/slow").status, 0) << "queued, not answered";
  const HttpResponse busy = ask("GET", "/slow");
  EXPECT_EQ(busy.status, 503);
  EXPECT_NE(busy.body.text().find("\"code\":\"busy\""), std::string_view::npos);
  EXPECT_EQ(busy.headers.get("Retry-After"), "1");
}

TEST_F(RouterTest, a_handler_that_throws_is_contained) {
  router_->add("GET", "/bad", [](const HttpRequest&, const HttpResponder&) {
    throw std::runtime_error("expected by a test");
  });
  EXPECT_EQ(ask("GET", "/bad").status, 0);
}

}  // namespace
}  // namespace surveillx::net
