#include "request_reader.hpp"

#include "request_clock.hpp"

#include <boost/asio/buffer.hpp>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

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

TEST_F(RequestReaderTest, fields_behind_a_body_are_no_headers) {
  feed("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(reader_.step(), Step::head);
  reader_.let_in(6);
  feed("1\r\nx\r\n0\r\nHost: b\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
  EXPECT_EQ(reader_.step(), Step::whole);
  EXPECT_EQ(reader_.take_body(), "x");
  EXPECT_EQ(reader_.head().count("Host"), 1U);
  EXPECT_EQ(reader_.head().count("X-Forwarded-For"), 0U);
  EXPECT_EQ(reader_.head().target(), "/a");
}

/// What the reader says in the end of bytes that the network cuts at `cut`.
Step end_of(std::string_view bytes, std::size_t cut) {
  RequestReader reader(256);
  reader.next();
  Step step = Step::need_more;
  for (const std::string_view part : {bytes.substr(0, cut), bytes.substr(cut)}) {
    reader.commit(boost::asio::buffer_copy(reader.prepare(), boost::asio::buffer(part)));
    step = reader.step();
    if (step == Step::head) {
      if (!reader.whole()) reader.let_in(6);
      step = reader.step();
    }
    if (step != Step::need_more) return step;
  }
  return step;
}

TEST(RequestReaderCuts, limits_are_the_same_wherever_the_network_cuts) {
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto extended = [&](std::size_t line) {
    return chunked + "1;" + std::string(line - 4, 'x') + "\r\na\r\n0\r\n\r\n";
  };
  const auto zeros = [&](std::size_t line) {
    return chunked + std::string(line - 3, '0') + "1\r\na\r\n0\r\n\r\n";
  };
  const auto trailer = [&](std::size_t size) {
    return chunked + "0\r\nA: " + std::string(size - 10, 'x') + "\r\n\r\n";
  };
  const auto head = [](std::size_t size) {
    return "GET /" + std::string(150, 'a') + " HTTP/1.1\r\nA: " + std::string(size - 173, 'x') +
           "\r\n\r\n";
  };
  ASSERT_EQ(head(256).size(), 256U);
  for (const auto& [bytes, end] :
       {std::pair{extended(256), Step::whole}, std::pair{extended(257), Step::malformed},
        std::pair{zeros(256), Step::whole}, std::pair{zeros(257), Step::malformed},
        std::pair{trailer(256), Step::whole}, std::pair{trailer(257), Step::malformed},
        std::pair{head(256), Step::whole}, std::pair{head(257), Step::header_too_large}}) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      ASSERT_EQ(end_of(bytes, cut), end) << "cut at " << cut << ": " << bytes;
    }
  }
}

TEST(RequestClock, a_body_earns_time_and_ours_is_not_counted) {
  const RequestClock::Clock::time_point start{};
  RequestClock clock;
  clock.begin(start);
  clock.set_pace(10s, 1000);
  EXPECT_EQ(clock.left(start + 4s), 6s);
  clock.received(3000, start + 4s);
  EXPECT_EQ(clock.left(start + 4s), 9s);
  clock.pause(start + 4s);
  clock.pause(start + 5s);
  clock.resume(start + 24s);
  clock.resume(start + 25s);
  EXPECT_EQ(clock.left(start + 24s), 9s);
  EXPECT_EQ(clock.left(start + 60s), 0s);
}

TEST(RequestClock, a_fast_beginning_buys_no_silence_longer_than_the_timeout) {
  const RequestClock::Clock::time_point start{};
  RequestClock clock;
  clock.begin(start);
  clock.set_pace(10s, 1000);
  clock.received(100'000'000, start + 4s);
  EXPECT_EQ(clock.left(start + 4s), 10s);
  EXPECT_EQ(clock.left(start + 13s), 1s);
  clock.received(1000, start + 13s);
  EXPECT_EQ(clock.left(start + 13s), 2s) << "and trickling is slower than time passes";
  clock.received(5000, start + 14s);
  EXPECT_EQ(clock.left(start + 14s), 6s);
  clock.pause(start + 15s);
  clock.resume(start + 3600s);
  EXPECT_EQ(clock.left(start + 3600s), 5s) << "our own silence is not the peer's";
}

TEST(RequestClock, a_body_that_keeps_the_lowest_rate_goes_on_for_ever) {
  RequestClock::Clock::time_point now{};
  RequestClock clock;
  clock.begin(now);
  clock.set_pace(10s, 1000);
  for (int i = 0; i < 1000; ++i) {
    now += 1s;
    clock.received(1000, now);
    ASSERT_GT(clock.left(now), 0s);
  }
}

}  // namespace
}  // namespace surveillx::net
