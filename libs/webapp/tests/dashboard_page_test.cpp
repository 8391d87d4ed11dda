#include "dashboard_page.hpp"

#include <gtest/gtest.h>

namespace surveillx::webapp {
namespace {

constexpr const char* kBuilt =
    R"(<head><meta name="surveillx-base" content="/" /><link href="./favicon.svg" />)"
    R"(<script src="./assets/a.js"></script><a href="#main">./plain text</a></head>)";

TEST(DashboardPage, files_begin_at_the_base_path_and_scripts_are_told_it) {
  EXPECT_EQ(page_under(kBuilt, "/tools/sx"),
            R"(<head><meta name="surveillx-base" content="/tools/sx/" />)"
            R"(<link href="/tools/sx/favicon.svg" />)"
            R"(<script src="/tools/sx/assets/a.js"></script><a href="#main">./plain text</a></head>)");
}

TEST(DashboardPage, at_the_root_files_are_found_from_every_page) {
  EXPECT_EQ(page_under(kBuilt, ""),
            R"(<head><meta name="surveillx-base" content="/" /><link href="/favicon.svg" />)"
            R"(<script src="/assets/a.js"></script><a href="#main">./plain text</a></head>)");
}

}  // namespace
}  // namespace surveillx::webapp
