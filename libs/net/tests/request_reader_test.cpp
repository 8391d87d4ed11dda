#include "request_reader.hpp"

#include "request_clock.hpp"

#include <boost/asio/buffer.hpp>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using Step = RequestReader::Step;

class RequestReaderTest : public ::testing::Test {
 protected:
  RequestReaderTest() { reader_.next(); }
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t size =
          boost::asio::buffer_copy(reader_.prepare(), boost::asio::buffer(bytes));
      reader_.commit(size);
      bytes.remove_prefix(size);
    }
  }

  RequestReader reader_{256};
};

TEST_F(RequestReaderTest, line_ends_before_a_request_are_skipped) {
  feed("\r\n\r\n");
  EXPECT_EQ(reader_.step(), Step::need_more);
  EXPECT_FALSE(reader_.begun());
  feed("G");
  EXPECT_EQ(reader_.step(), Step::need_more);
  EXPECT_TRUE(reader_.begun());
  EXPECT_FALSE(reader_.head_done());
}

TEST_F(RequestReaderTest, the_head_is_told_before_the_body_and_requests_follow_one_another) {
  feed("POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET /b HTTP/1.1\r\n\r\n");
  EXPECT_EQ(reader_.step(), Step::head);
  EXPECT_EQ(reader_.content_length(), 4U);
  EXPECT_TRUE(reader_.take_body().empty());
  reader_.let_in(4);
  EXPECT_EQ(reader_.step(), Step::whole);
  EXPECT_EQ(reader_.step(), Step::whole) << "until the next one";
  EXPECT_EQ(reader_.take_body(), "body");
  reader_.next();
  EXPECT_EQ(reader_.step(), Step::head);
  EXPECT_TRUE(reader_.whole());
  EXPECT_EQ(reader_.step(), Step::whole);
  EXPECT_FALSE(reader_.has_input());
}

TEST_F(RequestReaderTest, a_body_may_be_taken_as_it_comes) {
  feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\nt");
  EXPECT_EQ(reader_.step(), Step::head);
  EXPECT_FALSE(reader_.content_length());
  reader_.let_in(6);
  EXPECT_EQ(reader_.step(), Step::need_more);
  EXPECT_EQ(reader_.take_body(), "onet");
  feed("wo\r\n0\r\n\r\n");
  EXPECT_EQ(reader_.step(), Step::whole);
  EXPECT_EQ(reader_.take_body(), "wo");
}

TEST_F(RequestReaderTest, limits_are_told_apart) {
  feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n");
  EXPECT_EQ(reader_.step(), Step::head);
  reader_.let_in(6);
  EXPECT_EQ(reader_.step(), Step::body_too_large);

  reader_.discard();
  reader_.next();
  feed("GET /" + std::string(300, 'a') + " HTTP/1.1\r\n\r\n");
  EXPECT_EQ(reader_.step(), Step::header_too_large);

  reader_.discard();
  reader_.next();
  feed("nonsense\r\n\r\n");
  EXPECT_EQ(reader_.step(), Step::malformed);
}

TEST_F(RequestReaderTest, what_precedes_a_chunk_is_bounded) {
  feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(reader_.step(), Step::head);
  reader_.let_in(6);
  feed("1;" + std::string(300, 'x'));
  EXPECT_EQ(reader_.step(), Step::malformed);
}

TEST(RequestClock, a_body_earns_time_and_ours_is_not_counted) {
  const RequestClock::Clock::time_point start{};
  RequestClock clock;
  clock.begin(start);
  clock.set_pace(10s, 1000);
  EXPECT_EQ(clock.left(start + 4s), 6s);
  clock.received(3000);
  EXPECT_EQ(clock.left(start + 4s), 9s);
  clock.pause(start + 4s);
  clock.pause(start + 5s);
  clock.resume(start + 24s);
  clock.resume(start + 25s);
  EXPECT_EQ(clock.left(start + 24s), 9s);
  EXPECT_EQ(clock.left(start + 60s), 0s);
}

}  // namespace
}  // namespace surveillx::net
