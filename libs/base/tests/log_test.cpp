#include "surveillx/base/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

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

}  // namespace
}  // namespace surveillx
