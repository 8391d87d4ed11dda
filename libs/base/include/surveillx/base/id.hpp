#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "surveillx/base/error.hpp"

namespace surveillx {

/// A random (version 4) UUID in its lower-case text form, RFC 9562. Thread-safe.
[[nodiscard]] std::string new_uuid();
[[nodiscard]] bool is_uuid(std::string_view text);

/// A UUID that knows what it names, so that a person's id cannot be passed for a camera's.
/// Empty when default-constructed.
template <class Tag>
class Id {
 public:
  Id() = default;
  [[nodiscard]] static Id random() { return Id(new_uuid()); }
  /// Refuses anything that is not a UUID with `invalid_argument`.
  [[nodiscard]] static Result<Id> parse(std::string_view text) {
    if (!is_uuid(text)) return Error{kInvalidArgument, "not a UUID"};
    return Id(std::string(text));
  }
  /// For text that is known to be a UUID, such as a primary key just read.
  [[nodiscard]] static Id trusted(std::string text) { return Id(std::move(text)); }

  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;
  friend bool operator==(const Id&, const Id&) = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace surveillx

template <class Tag>
struct std::hash<surveillx::Id<Tag>> {
  std::size_t operator()(const surveillx::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
