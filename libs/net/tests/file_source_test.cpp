#include "surveillx/net/file_source.hpp"

#include "net_fixture.hpp"

#include <filesystem>
#include <sys/stat.h>

namespace surveillx::net {
namespace {

using test_support::TempDir;
using test_support::write_file;

class FileSourceTest : public NetTest {
 protected:
  FileSourceTest() {
    for (std::size_t i = 0; i < content_.size(); ++i) {
      content_[i] = static_cast<char>('a' + i * 7 % 26 + i / 65536);
    }
    write_file(dir_.file("clip.bin"), content_);
    write_file(dir_.file("empty.txt"), "");
    router_->add_blocking("GET", "/files/{name}", pool_, [this](const HttpRequest& request) {
      return file_response(request, dir_.file(request.params.at("name")), pool_);
    });
    listen();
  }
  ~FileSourceTest() override { server_.reset(); }

  HttpResponse ask(const std::string& target,
                   std::vector<std::pair<std::string, std::string>> headers = {},
                   const std::string& method = "GET") {
    ClientRequest request = to(target);
    request.method = method;
    for (auto& [name, value] : headers) request.headers.add(name, value);
    auto answer = this->request(std::move(request));
    EXPECT_TRUE(answer) << target;
    return answer ? *answer : HttpResponse{};
  }

  TempDir dir_;
  std::string content_ = std::string(300'000, '\0');
  WorkerPool pool_{"file-test", 1, 8};
};

TEST_F(FileSourceTest, a_file_is_sent_whole_with_what_names_its_state) {
  const HttpResponse answer = ask("/files/clip.bin");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.text() == content_);
  EXPECT_EQ(answer.headers.get("Content-Length"), "300000");
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/octet-stream");
  EXPECT_EQ(answer.headers.get("Accept-Ranges"), "bytes");
  EXPECT_TRUE(answer.headers.has("Last-Modified"));
  EXPECT_TRUE(answer.headers.get("ETag").starts_with('"'));
  const HttpResponse empty = ask("/files/empty.txt");
  EXPECT_EQ(empty.status, 200);
  EXPECT_TRUE(empty.body.empty());
  EXPECT_EQ(ask("/files/none.bin").status, 404);
}

TEST_F(FileSourceTest, ranges_are_read_where_they_lie) {
  const HttpResponse part = ask("/files/clip.bin", {{"Range", "bytes=65530-200000"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.headers.get("Content-Range"), "bytes 65530-200000/300000");
  EXPECT_EQ(part.headers.get("Content-Length"), "134471");
  EXPECT_TRUE(part.body.text() == content_.substr(65530, 134471));
  EXPECT_TRUE(ask("/files/clip.bin", {{"Range", "bytes=-10"}}).body.text() ==
              content_.substr(299'990));
  const HttpResponse none = ask("/files/clip.bin", {{"Range", "bytes=300000-"}});
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.headers.get("Content-Range"), "bytes */300000");
}

TEST_F(FileSourceTest, head_tells_the_whole_whatever_range_it_names) {
  const HttpResponse head = ask("/files/clip.bin", {{"Range", "bytes=0-9"}}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.get("Content-Length"), "300000");
  EXPECT_TRUE(head.body.empty());
}

TEST_F(FileSourceTest, who_has_it_already_gets_304_before_any_range) {
  const HttpResponse first = ask("/files/clip.bin");
  const std::string etag(first.headers.get("ETag"));
  const std::string modified(first.headers.get("Last-Modified"));
  EXPECT_EQ(ask("/files/clip.bin", {{"If-None-Match", etag}, {"Range", "bytes=0-9"}}).status, 304);
  EXPECT_EQ(ask("/files/clip.bin", {{"If-Modified-Since", modified}}).status, 304);
  EXPECT_EQ(
      ask("/files/clip.bin", {{"If-None-Match", "\"other\""}, {"If-Modified-Since", modified}})
          .status,
      200)
      << "the ETag decides";
}

TEST_F(FileSourceTest, a_download_goes_on_only_with_the_same_file) {
  const std::string etag(ask("/files/clip.bin").headers.get("ETag"));
  EXPECT_EQ(ask("/files/clip.bin", {{"If-Range", etag}, {"Range", "bytes=100-"}}).status, 206);
  write_file(dir_.file("clip.bin"), std::string(400'000, 'z'));
  const HttpResponse other = ask("/files/clip.bin", {{"If-Range", etag}, {"Range", "bytes=100-"}});
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(other.body.size(), 400'000U);
}

TEST_F(FileSourceTest, what_is_no_file_is_not_opened) {
  const auto folder = FileSource::open(dir_.path(), pool_);
  ASSERT_FALSE(folder);
  EXPECT_TRUE(folder.error().is(kIo));
  ASSERT_EQ(::mkfifo(dir_.file("fifo").c_str(), 0600), 0);
  const auto fifo = FileSource::open(dir_.file("fifo"), pool_);
  ASSERT_FALSE(fifo) << "nor waited for";
  EXPECT_TRUE(fifo.error().is(kIo));
  const auto none = FileSource::open(dir_.file("none"), pool_);
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().is(kNotFound));
}

TEST_F(FileSourceTest, a_file_that_became_shorter_fails) {
  auto source = FileSource::open(dir_.file("clip.bin"), pool_);
  ASSERT_TRUE(source);
  std::filesystem::resize_file(dir_.file("clip.bin"), 10);
  std::promise<Result<SharedBytes>> given;
  (*source)->next([&](Result<SharedBytes> piece) { given.set_value(std::move(piece)); });
  const auto piece = given.get_future().get();
  ASSERT_FALSE(piece);
  EXPECT_TRUE(piece.error().is(kIo));
}

TEST_F(FileSourceTest, a_removed_file_that_is_open_is_still_sent) {
  auto source = FileSource::open(dir_.file("clip.bin"), pool_);
  ASSERT_TRUE(source);
  std::filesystem::remove(dir_.file("clip.bin"));
  std::promise<Result<SharedBytes>> given;
  (*source)->next([&](Result<SharedBytes> piece) { given.set_value(std::move(piece)); });
  const auto piece = given.get_future().get();
  ASSERT_TRUE(piece);
  EXPECT_TRUE(piece->text() == content_.substr(0, piece->size()));
}

}  // namespace
}  // namespace surveillx::net
