#pragma once

#include "surveillx/net/http.hpp"

#include <cstdint>
#include <string_view>

namespace surveillx::net {

/// Some bytes of a representation.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

/// What a Range field asks of a representation of `size` bytes (RFC 9110 section 14). Several
/// ranges, other units and what is not well-formed ask for the whole, as a server may take them.
struct RangeAsked {
  enum class Kind { whole, part, unsatisfiable };
  Kind kind = Kind::whole;
  ByteRange part;
  bool operator==(const RangeAsked&) const = default;
};
[[nodiscard]] RangeAsked parse_range(std::string_view field, std::uint64_t size);

/// Gives a GET the part that it asks for: `whole`, a 200 with a `body` or with a source of known
/// size that can be narrowed, becomes 206 or 416. If-Range is held against its ETag (a strong one)
/// or its Last-Modified (older than a second). HEAD and other statuses stay as they are. What is
/// compared before, as If-None-Match, is the caller's.
[[nodiscard]] HttpResponse in_range(const HttpRequest& request, HttpResponse whole);

}  // namespace surveillx::net
