#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace surveillx {

/// The stable, machine-readable name of one kind of failure, for example `no_face`. Names are
/// lower snake case; they appear in logs, API answers and tests, so a published one never changes.
/// Each library declares its own as `inline constexpr ErrorName kNoFace{"no_face"};`.
class ErrorName {
 public:
  explicit consteval ErrorName(const char* text) : text_(text) {}
  [[nodiscard]] constexpr std::string_view text() const { return text_; }
  friend constexpr bool operator==(ErrorName a, ErrorName b) { return a.text_ == b.text_; }

 private:
  std::string_view text_;
};

/// A failure that input, a peer or the environment can cause. `message` is one sentence for a
/// person: what happened and, where it is known, what to do. It never contains a secret.
struct Error {
  /// `none` only in the value that `Result<T>::error()` of a success returns.
  ErrorName name{"none"};
  std::string message;

  [[nodiscard]] bool is(ErrorName other) const { return name == other; }
};

/// The exception form of an Error, for a broken environment; caught once per session or command.
class Failure : public std::runtime_error {
 public:
  explicit Failure(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

/// Called by `Result<T>::value()` on an error.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location& /*where*/) {
  throw Failure(error);
}

/// A value or an Error. Return `Error{kName, "..."}` or the value itself.
template <class T>
using Result = boost::system::result<T, Error>;

// Failures that any library may meet.
inline constexpr ErrorName kInvalidArgument{"invalid_argument"};
inline constexpr ErrorName kNotFound{"not_found"};
inline constexpr ErrorName kAlreadyExists{"already_exists"};
inline constexpr ErrorName kUnavailable{"unavailable"};
inline constexpr ErrorName kTimeout{"timeout"};
inline constexpr ErrorName kIo{"io_error"};
inline constexpr ErrorName kInternal{"internal_error"};

}  // namespace surveillx
