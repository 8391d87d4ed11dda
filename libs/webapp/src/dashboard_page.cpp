#include "dashboard_page.hpp"

#include "surveillx/net/static_files.hpp"

#include "dashboard.hpp"

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

void add_dashboard(net::Router& router, std::string_view base_path) {
  net::StaticFileOptions options;
  options.reserved_prefixes.emplace_back("/metrics");
  auto files = dashboard_files();
  std::string page;
  for (net::StaticFile& file : files) {
    if (file.path != options.index) continue;
    page = page_under(file.content, base_path);
    file.content = page;
    file.etag.clear();  // Of what is served, not of what was built.
  }
  net::add_static_files(router, files, options);
}

}  // namespace surveillx::webapp
