#include "surveillx/net/byte_range.hpp"

#include "surveillx/net/body_source.hpp"

#include "http_text.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace surveillx::net {
namespace {

/// Digits alone; what is too large for a number is as good as the largest.
std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (ec == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return ec == std::errc::result_out_of_range ? std::numeric_limits<std::uint64_t>::max() : value;
}

/// Whether the representation is still the one of which the peer has a part (RFC 9110
/// section 13.1.5).
bool still_the_same(std::string_view if_range, const Headers& headers) {
  if (if_range.starts_with('"')) return if_range == headers.get("ETag");
  const auto seen = parse_http_date(if_range);
  const auto modified = parse_http_date(headers.get("Last-Modified"));
  // Within the second in which it was made, a file may have become another (section 8.8.2.2).
  return seen && modified && *seen == *modified && *modified < std::time(nullptr);
}

std::size_t count_of(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(headers.all().begin(), headers.all().end(),
                    [&](const auto& field) { return equal_ignoring_case(field.first, name); }));
}

}  // namespace

RangeAsked parse_range(std::string_view field, std::uint64_t size) {
  using Kind = RangeAsked::Kind;
  const std::size_t equals = field.find('=');
  if (equals == std::string_view::npos || !equal_ignoring_case(field.substr(0, equals), "bytes")) {
    return {};
  }
  const std::string_view spec = trimmed(field.substr(equals + 1));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view from = spec.substr(0, dash);
  const std::string_view to = spec.substr(dash + 1);
  const auto last = number(to);
  if (from.empty()) {
    if (!last) return {};
    if (*last == 0) return {Kind::unsatisfiable, {}};
    if (size == 0) return {};  // Satisfiable, yet no Content-Range can say it.
    const std::uint64_t length = std::min(*last, size);
    return {Kind::part, {size - length, length}};
  }
  const auto first = number(from);
  if (!first || (!to.empty() && (!last || *last < *first))) return {};
  if (*first >= size) return {Kind::unsatisfiable, {}};
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {Kind::part, {*first, end - *first + 1}};
}

HttpResponse in_range(const HttpRequest& request, HttpResponse whole) {
  if (whole.status != 200) return whole;
  std::optional<std::uint64_t> size = whole.body.size();
  if (whole.source) size = whole.source->size();
  if (!size || (whole.source && !whole.source->narrow({0, *size}))) return whole;
  whole.headers.set("Accept-Ranges", "bytes");
  if (request.method != "GET" || count_of(request.headers, "Range") != 1) return whole;
  const std::string_view if_range = request.headers.get("If-Range");
  if (!if_range.empty() && !still_the_same(if_range, whole.headers)) return whole;

  const RangeAsked asked = parse_range(request.headers.get("Range"), *size);
  if (asked.kind == RangeAsked::Kind::whole) return whole;
  const std::string of = "/" + std::to_string(*size);
  if (asked.kind == RangeAsked::Kind::unsatisfiable) {
    HttpResponse refusal = HttpResponse::problem(416, "range_not_satisfiable",
                                                 "The range lies outside of what is here.");
    refusal.headers.set("Content-Range", "bytes *" + of);
    return refusal;
  }
  const auto [first, length] = asked.part;
  if (whole.source) {
    if (!whole.source->narrow(asked.part)) return whole;
  } else {
    whole.body =
        whole.body.slice(static_cast<std::size_t>(first), static_cast<std::size_t>(length));
  }
  whole.status = 206;
  whole.headers.set("Content-Range", "bytes " + std::to_string(first) + "-" +
                                         std::to_string(first + length - 1) + of);
  return whole;
}

}  // namespace surveillx::net
