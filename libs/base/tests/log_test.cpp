#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/base/log_background.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>

namespace surveillx {
namespace {

std::string logged(const std::function<void()>& write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, an_event_is_one_line_with_its_fields) {
  log::set_level(log::Level::info);
  const auto line = logged([] {
    log::info("camera.live", {{"camera", "front door"}, {"frames", 3}, {"ok", true}});
  });
  EXPECT_NE(line.find("camera.live camera=\"front door\" frames=3 ok=true\n"), std::string::npos)
      << line;
}

TEST(Log, foreign_text_can_neither_begin_a_new_line_nor_a_new_field) {
  log::set_level(log::Level::info);
  const auto line = logged([] {
    log::warn("peer.said",
              {{"text", std::string("a\nerror fake=\"1\" \x1b[31m") + std::string(5000, 'x')}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\x1b' + std::string("[31m") + 'x'), std::string::npos);
  EXPECT_NE(line.find("fake=\\\"1\\\""), std::string::npos) << line;
  EXPECT_LT(line.size(), 700U);
}

TEST(Log, what_is_below_the_level_is_not_written) {
  log::set_level(log::Level::error);
  EXPECT_EQ(logged([] { log::warn("not.this"); }), "");
  log::set_level(log::Level::info);
  EXPECT_FALSE(log::parse_level("loud"));
  EXPECT_EQ(log::parse_level("debug").value(), log::Level::debug);
}

/// Puts a pipe in stderr's place; nobody reads it unless the test does.
class StderrPipe {
 public:
  StderrPipe() : saved_(dup(2)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    reader_ = ends[0];
    dup2(ends[1], 2);
    close(ends[1]);
  }
  ~StderrPipe() {
    restore();
    close(reader_);
  }
  StderrPipe(const StderrPipe&) = delete;
  StderrPipe& operator=(const StderrPipe&) = delete;

  /// Until nothing more can be written.
  void fill() {
    pollfd out{2, POLLOUT, 0};
    const std::string text(4096, 'x');
    while (poll(&out, 1, 0) == 1 && write(2, text.data(), text.size()) > 0) {
    }
  }
  /// Reads until `text` has come; everything read so far.
  std::string read_until(const std::string& text) {
    std::array<char, 65536> buffer{};
    while (read_.find(text) == std::string::npos) {
      pollfd in{reader_, POLLIN, 0};
      if (poll(&in, 1, 10'000) != 1) break;
      const ssize_t size = read(reader_, buffer.data(), buffer.size());
      if (size <= 0) break;
      read_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return read_;
  }
  void restore() {
    if (saved_ < 0) return;
    dup2(saved_, 2);
    close(saved_);
    saved_ = -1;
  }

 private:
  int saved_;
  int reader_ = -1;
  std::string read_;
};

TEST(LogBackground, a_reader_that_stopped_stops_nobody_and_the_lines_it_missed_are_counted) {
  log::set_level(log::Level::info);
  StderrPipe pipe;
  pipe.fill();
  const auto before = log::dropped_lines();
  log::Background background;
  std::promise<void> logged_all;
  std::thread logging([&] {
    for (int i = 0; i < 30'000; ++i) log::warn("flood.line", {{"number", i}});
    logged_all.set_value();
  });
  const auto state = logged_all.get_future().wait_for(std::chrono::seconds(30));
  // A failure must not hang the test: the reader goes on.
  const bool stopped = state != std::future_status::ready;
  const auto dropped = log::dropped_lines() - before;
  const std::string text = pipe.read_until("number=29999");
  logging.join();
  EXPECT_FALSE(stopped);
  EXPECT_GT(dropped, 0U);
  EXPECT_NE(text.find("log.lines_dropped count="), std::string::npos);
  EXPECT_NE(text.find("number=29999"), std::string::npos) << "the newest lines are kept";
}

TEST(LogBackground, every_line_is_written_before_it_ends) {
  log::set_level(log::Level::info);
  const auto text = logged([] {
    {
      const log::Background background;
      for (int i = 0; i < 100; ++i) log::info("some.line", {{"number", i}});
    }
    log::error("after.it", {{"number", 100}});
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 101);
  EXPECT_LT(text.find("number=99"), text.find("after.it"));
}

TEST(LogStranger, one_source_gets_a_few_lines_and_the_rest_are_counted) {
  log::set_level(log::Level::info);
  const auto text = logged([] {
    for (int i = 0; i < 500; ++i) log::stranger(log::Level::warn, "test.refused", "10.0.0.1");
    log::stranger(log::Level::warn, "test.refused", "10.0.0.2", {{"remote", "10.0.0.2"}});
  });
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 10) << text;
  EXPECT_NE(text.find("remote=10.0.0.2 suppressed=49"), std::string::npos) << text;
}

TEST(LogStranger, many_sources_together_get_no_more_than_some_lines) {
  log::set_level(log::Level::info);
  const auto text = logged([] {
    for (int i = 0; i < 5'000; ++i) {
      log::stranger(log::Level::warn, "test.scanned", "2001:db8:" + std::to_string(i) + "::/64");
    }
  });
  const auto lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_GE(lines, 10);
  EXPECT_LE(lines, 200);
}

}  // namespace
}  // namespace surveillx
