#include "surveillx/attendance/time_zone.hpp"

#include <date/date.h>
#include <date/tz.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

namespace surveillx::attendance {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// The zone whose name, or whose last part ("Berlin" of "Europe/Berlin"), is nearest.
std::string nearest_zone(std::string_view wanted) {
  const std::string target = lower(wanted);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, target.size() / 3) + 1;
  for (const auto& zone : date::get_tzdb().zones) {
    const std::string name = lower(zone.name());
    const std::string city = name.substr(name.rfind('/') + 1);
    const std::size_t distance = std::min(edit_distance(target, name), edit_distance(target, city));
    if (distance < best_distance) {
      best_distance = distance;
      best = zone.name();
    }
  }
  return best;
}

const date::time_zone* try_locate(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

/// The machine's zone: $TZ when it names one, else /etc/localtime.
const date::time_zone* machine_zone() {
  if (const char* tz = std::getenv("TZ"); tz != nullptr && *tz != '\0') {
    const std::string name = *tz == ':' ? tz + 1 : tz;
    if (const auto* zone = try_locate(name)) return zone;
  }
  try {
    return date::current_zone();
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

seconds offset_at(const date::time_zone* zone, UnixMillis t) {
  return zone == nullptr ? seconds(0) : zone->get_info(t).offset;
}

date::local_time<milliseconds> to_local(const date::time_zone* zone, UnixMillis t) {
  return date::local_time<milliseconds>((t + offset_at(zone, t)).time_since_epoch());
}

/// The moment of a local midnight.
UnixMillis to_moment(const date::time_zone* zone, date::local_days midnight) {
  const date::local_seconds local(midnight);
  if (zone == nullptr) return UnixMillis(local.time_since_epoch());
  const date::local_info info = zone->get_info(local);
  // Clocks that jump over midnight: the day begins when they jump.
  if (info.result == date::local_info::nonexistent) return UnixMillis(info.first.end);
  // Unique, or the first of two: by the offset that was valid before.
  return UnixMillis((local - info.first.offset).time_since_epoch());
}

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<date::year_month_day> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto y = number(text.substr(0, 4));
  const auto m = number(text.substr(5, 2));
  const auto d = number(text.substr(8, 2));
  if (!y || !m || !d || *y < 1970) return std::nullopt;
  const date::year_month_day day{date::year(*y), date::month(static_cast<unsigned>(*m)),
                                 date::day(static_cast<unsigned>(*d))};
  if (!day.ok()) return std::nullopt;
  return day;
}

std::string day_text(const date::year_month_day& day) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return text.data();
}

Error bad_day(std::string_view text) {
  return {kBadDay, "'" + std::string(text) + "' is no day; write YYYY-MM-DD"};
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
  try {
    if (name.empty() || name == "local") {
      const auto* zone = machine_zone();
      return zone == nullptr ? utc() : TimeZone(zone, zone->name());
    }
    if (name == "UTC") return utc();
    const std::string text(name);
    if (const auto* zone = try_locate(text)) return TimeZone(zone, text);

    std::string message = "'" + text + "' is not a time zone of the IANA database";
    const std::string nearest = nearest_zone(name);
    message +=
        nearest.empty() ? "; write it like Europe/Berlin" : "; did you mean '" + nearest + "'?";
    return Error{kUnknownTimeZone, message};
  } catch (const std::exception&) {
    // The library throws when there is no database at all.
    return Error{kUnknownTimeZone,
                 "the time zone '" + std::string(name) +
                     "' cannot be looked up: this machine has no zone data; install tzdata"};
  }
}

TimeZone TimeZone::utc() { return TimeZone(nullptr, "UTC"); }

std::string TimeZone::local_day(UnixMillis t) const {
  return day_text(date::year_month_day(date::floor<date::days>(to_local(zone_, t))));
}

Result<DayRange> TimeZone::range_of(std::string_view day) const {
  const auto parsed = parse_day(day);
  if (!parsed) return bad_day(day);
  const date::local_days midnight(*parsed);
  return DayRange{to_moment(zone_, midnight), to_moment(zone_, midnight + date::days(1))};
}

std::string TimeZone::format_offset(UnixMillis t) const {
  const long minutes =
      std::chrono::duration_cast<std::chrono::minutes>(offset_at(zone_, t)).count();
  std::array<char, 32> offset{};
  std::snprintf(offset.data(), offset.size(), "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
                std::labs(minutes) / 60, std::labs(minutes) % 60);
  return offset.data();
}

bool TimeZone::clocks_change_on(std::string_view day) const {
  const auto range = range_of(day);
  if (!range) return false;
  return offset_at(zone_, range->begin) != offset_at(zone_, range->end - milliseconds(1));
}

std::string TimeZone::format_rfc3339(UnixMillis t) const {
  return date::format("%FT%T", to_local(zone_, t)) + format_offset(t);
}

std::string TimeZone::format_local(UnixMillis t) const {
  return date::format("%F %T", date::floor<seconds>(to_local(zone_, t)));
}

bool is_day(std::string_view text) { return parse_day(text).has_value(); }

Result<std::string> add_days(std::string_view day, int days) {
  const auto parsed = parse_day(day);
  if (!parsed) return bad_day(day);
  return day_text(date::year_month_day(date::sys_days(*parsed) + date::days(days)));
}

}  // namespace surveillx::attendance
