#include "dashboard_page.hpp"

namespace surveillx::webapp {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

std::string page_under(std::string_view html, std::string_view base_path) {
  std::string page(html);
  const std::string base = std::string(base_path) + "/";
  replace_all(page, "\"./", "\"" + base);
  replace_all(page, R"(name="surveillx-base" content="/")",
              R"(name="surveillx-base" content=")" + base + "\"");
  return page;
}

}  // namespace surveillx::webapp
