#pragma once

#include "surveillx/net/http_server.hpp"

#include <string>
#include <string_view>

namespace surveillx::webapp {

/// The dashboard's index.html for a server that browsers reach under `base_path` (`/sx`, empty at
/// the root): the addresses of its files, which the build leaves relative, begin there also on a
/// page below, and the page's scripts read it from `<meta name="surveillx-base">`. No `<base>`
/// element, since the content security policy forbids it and so keeps injected markup from moving
/// every address.
[[nodiscard]] std::string page_under(std::string_view html, std::string_view base_path);

/// The dashboard's files, its page as `page_under` writes it, for every path that is nobody else's.
void add_dashboard(net::Router& router, std::string_view base_path);

}  // namespace surveillx::webapp
