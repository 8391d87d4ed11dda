#include "reader.hpp"

#include <cmath>

namespace surveillx::live {

namespace json = boost::json;

std::optional<double> finite_number(const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  json::error_code code;
  const auto number = value.to_number<double>(code);
  if (code.failed() || !std::isfinite(number)) return std::nullopt;
  return number;
}

const json::value* Reader::member(std::string_view name) {
  const auto* value = object_.if_contains(name);
  require(value != nullptr, name);
  return value;
}

std::int64_t Reader::whole(std::string_view name, std::int64_t min, std::int64_t max) {
  const auto* value = member(name);
  if (value == nullptr) return 0;
  json::error_code code;
  // Also 1200.0, which is how some JSON libraries write a whole number.
  const auto number = value->is_number() ? value->to_number<std::int64_t>(code) : 0;
  require(value->is_number() && !code.failed() && number >= min && number <= max, name);
  return number;
}

double Reader::number(std::string_view name, double min, double max) {
  const auto* value = member(name);
  const auto number = value == nullptr ? std::nullopt : finite_number(*value);
  require(number && *number >= min && *number <= max, name);
  return number.value_or(0);
}

bool Reader::flag(std::string_view name) {
  const auto* value = member(name);
  require(value != nullptr && value->is_bool(), name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool Reader::optional_flag(std::string_view name) { return object_.contains(name) && flag(name); }

std::string Reader::text(std::string_view name, std::size_t max) {
  const auto* value = member(name);
  const auto* string = value == nullptr ? nullptr : value->if_string();
  if (string == nullptr || string->size() > max) {
    require(false, name);
    return {};
  }
  return std::string(*string);
}

std::string Reader::text_or_null(std::string_view name) {
  const auto* value = object_.if_contains(name);
  if (value != nullptr && value->is_null()) return {};
  return text(name);
}

Error Reader::error() const {
  return Error{kMalformed, std::string(what_) + ": `" + std::string(failed_) +
                               "` is missing or not what the contract says"};
}

}  // namespace surveillx::live
