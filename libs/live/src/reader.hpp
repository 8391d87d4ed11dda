#pragma once

#include "surveillx/live/event.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace surveillx::live {

/// A finite number; nothing for anything else.
[[nodiscard]] std::optional<double> finite_number(const boost::json::value& value);

/// Takes members out of an object from outside and remembers the first that is missing or is not
/// what was asked for; what stands for such a one is of no meaning.
class Reader {
 public:
  static constexpr std::size_t kMaxText = 500;

  Reader(std::string_view what, const boost::json::object& object) : what_(what), object_(object) {}

  [[nodiscard]] std::int64_t whole(
      std::string_view name, std::int64_t min = std::numeric_limits<std::int64_t>::min(),
      std::int64_t max = std::numeric_limits<std::int64_t>::max());
  [[nodiscard]] double number(std::string_view name, double min, double max);
  [[nodiscard]] bool flag(std::string_view name);
  /// False when it is absent.
  [[nodiscard]] bool optional_flag(std::string_view name);
  [[nodiscard]] std::string text(std::string_view name, std::size_t max = kMaxText);
  /// Empty for null.
  [[nodiscard]] std::string text_or_null(std::string_view name);
  template <class AnyId>
  [[nodiscard]] AnyId id(std::string_view name) {
    return parsed<AnyId>(name, text(name));
  }
  /// Nothing for null, and for an empty text.
  template <class AnyId>
  [[nodiscard]] std::optional<AnyId> id_or_null(std::string_view name) {
    auto given = text_or_null(name);
    if (given.empty()) return std::nullopt;
    return parsed<AnyId>(name, given);
  }
  /// Null when it is absent, which is a failure.
  [[nodiscard]] const boost::json::value* member(std::string_view name);

  void require(bool holds, std::string_view name) {
    if (!holds && failed_.empty()) failed_ = name;
  }
  [[nodiscard]] bool failed() const { return !failed_.empty(); }

  /// `value`, unless something has failed.
  template <class T>
  [[nodiscard]] Result<T> done(T value) const {
    if (failed()) return error();
    return value;
  }

 private:
  template <class AnyId>
  [[nodiscard]] AnyId parsed(std::string_view name, const std::string& given) {
    auto id = AnyId::parse(given);
    require(id.has_value(), name);
    return id ? std::move(*id) : AnyId();
  }
  [[nodiscard]] Error error() const;

  std::string_view what_;
  const boost::json::object& object_;
  std::string_view failed_;  ///< A member's name.
};

}  // namespace surveillx::live
