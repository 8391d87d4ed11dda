#pragma once

#include <string>
#include <string_view>

/// What may be shown of text that people write passwords into. In doubt more is hidden than has to
/// be: text that its reader (libpq, an ICE agent) would refuse gets into messages too.
namespace surveillx::config {

/// One URL, or a connection string of libpq, with `***` for every password: in its user part, which
/// ends at the last `@`, and as a parameter (`?password=`), whose name may be percent-encoded.
[[nodiscard]] std::string hide_password(std::string_view url);
[[nodiscard]] bool has_password(std::string_view url);

}  // namespace surveillx::config
