#include "surveillx/net/static_files.hpp"

#include "net_fixture.hpp"

namespace surveillx::net {
namespace {

class StaticFilesTest : public NetTest {
 protected:
  StaticFilesTest() {
    router_->add("GET", "/api/me", [](const HttpRequest&, const HttpResponder& respond) {
      respond(HttpResponse::json(200, "{}"));
    });
    add_static_files(*router_, {{.path = "/index.html",
                                 .content = "<!doctype html>",
                                 .content_type = {},
                                 .immutable = false,
                                 .etag = {},
                                 .gzip_content = {}},
                                {.path = "/assets/app-1a2b.js",
                                 .content = "let a = 1;",
                                 .content_type = {},
                                 .immutable = true,
                                 .etag = "\"v1\"",
                                 .gzip_content = "zipped"}});
    listen();
  }
  HttpResponse ask(const std::string& target,
                   std::vector<std::pair<std::string, std::string>> headers = {},
                   const std::string& method = "GET") {
    ClientRequest request = to(target);
    request.method = method;
    for (auto& [name, value] : headers) request.headers.add(name, value);
    auto answer = this->request(std::move(request));
    EXPECT_TRUE(answer);
    return answer ? *answer : HttpResponse{};
  }
};

TEST_F(StaticFilesTest, the_index_is_checked_each_time) {
  const HttpResponse page = ask("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body.text(), "<!doctype html>");
  EXPECT_EQ(page.headers.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.get("Cache-Control"), "no-cache");
  const std::string etag(page.headers.get("ETag"));
  ASSERT_GT(etag.size(), 2U);
  for (const std::string& sent : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    const HttpResponse unchanged = ask("/index.html", {{"If-None-Match", sent}});
    EXPECT_EQ(unchanged.status, 304) << sent;
    EXPECT_TRUE(unchanged.body.empty());
    EXPECT_EQ(unchanged.headers.get("ETag"), etag);
    EXPECT_FALSE(unchanged.headers.has("Content-Length"));
  }
  EXPECT_EQ(ask("/", {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST_F(StaticFilesTest, hashed_assets_are_immutable) {
  const HttpResponse asset = ask("/assets/app-1a2b.js");
  EXPECT_EQ(asset.headers.get("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(asset.headers.get("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(asset.headers.get("ETag"), "\"v1\"");
  EXPECT_EQ(asset.headers.get("Vary"), "Accept-Encoding");
  EXPECT_EQ(asset.body.text(), "let a = 1;");
}

TEST_F(StaticFilesTest, gzip_goes_to_who_accepts_it_under_an_etag_of_its_own) {
  const HttpResponse asset = ask("/assets/app-1a2b.js", {{"Accept-Encoding", "br, gzip;q=0.5"}});
  EXPECT_EQ(asset.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(asset.body.text(), "zipped");
  EXPECT_EQ(asset.headers.get("ETag"), "\"v1-gz\"");
  EXPECT_FALSE(ask("/assets/app-1a2b.js", {{"Accept-Encoding", "gzip;q=0"}})
                   .headers.has("Content-Encoding"));
  EXPECT_FALSE(ask("/index.html", {{"Accept-Encoding", "gzip"}}).headers.has("Content-Encoding"));
}

TEST_F(StaticFilesTest, a_range_is_a_part_of_what_would_be_sent) {
  const HttpResponse part = ask("/assets/app-1a2b.js", {{"Range", "bytes=4-"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body.text(), "a = 1;");
  EXPECT_EQ(part.headers.get("Content-Range"), "bytes 4-9/10");
  EXPECT_EQ(part.headers.get("ETag"), "\"v1\"");
  const HttpResponse zipped =
      ask("/assets/app-1a2b.js", {{"Range", "bytes=0-2"}, {"Accept-Encoding", "gzip"}});
  EXPECT_EQ(zipped.status, 206);
  EXPECT_EQ(zipped.body.text(), "zip");
  EXPECT_EQ(zipped.headers.get("Content-Range"), "bytes 0-2/6");
  EXPECT_EQ(ask("/assets/app-1a2b.js", {{"Range", "bytes=10-"}}).status, 416);
  EXPECT_EQ(ask("/assets/app-1a2b.js", {{"Range", "bytes=0-2"}, {"If-Range", "\"v0\""}}).status,
            200);
  EXPECT_EQ(
      ask("/assets/app-1a2b.js", {{"Range", "bytes=0-2"}, {"If-None-Match", "\"v1\""}}).status,
      304);
}

TEST_F(StaticFilesTest, unknown_pages_get_the_index_and_nothing_else_does) {
  const std::vector<std::pair<std::string, std::string>> browser{
      {"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}};
  EXPECT_EQ(ask("/people/42", browser).body.text(), "<!doctype html>");
  EXPECT_EQ(ask("/people/42", browser, "HEAD").status, 200);
  EXPECT_EQ(ask("/people/42").status, 404);
  EXPECT_EQ(ask("/api/nothing", browser).status, 404);
  EXPECT_EQ(ask("/assets/gone.js", browser).status, 404);
  EXPECT_EQ(ask("/people/42", browser, "POST").status, 404);
  EXPECT_EQ(ask("/index.html", browser, "DELETE").status, 405);
}

TEST(ContentType, follows_the_extension) {
  EXPECT_EQ(content_type_of("/a/b.CSS"), "text/css; charset=utf-8");
  EXPECT_EQ(content_type_of("/a.woff2"), "font/woff2");
  EXPECT_EQ(content_type_of("/LICENSE"), "application/octet-stream");
  EXPECT_EQ(content_type_of(".js"), "application/octet-stream");
}

}  // namespace
}  // namespace surveillx::net
