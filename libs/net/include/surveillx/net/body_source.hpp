#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/error.hpp"
#include "surveillx/net/byte_range.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace surveillx::net {

/// Gives the body of one answer piece by piece. Asked on the loop for the next piece when the last
/// one was written, so that one is in memory at a time. A body of known size goes out with its
/// length, another one chunked (to HTTP/1.0: until the connection ends). What fails midway cuts the
/// connection, so that no peer takes the part for the whole. Not asked at all for HEAD.
class BodySource {
 public:
  /// The next bytes, none at the end, or why there will be no more. Call it once, now or later, on
  /// any thread (again: nothing happens); dropping it is a failure. There is no limit to how long
  /// it may take; a peer that takes nothing of what was written is given up
  /// (ListenOptions::request_timeout).
  using Give = std::function<void(Result<SharedBytes>)>;

  virtual ~BodySource() = default;
  /// What all pieces come to; more or less than that is a failure. Does not throw.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
  /// On the loop; must not block. An exception is a failure.
  virtual void next(Give give) = 0;
  /// Nobody takes the rest: the peer has gone or the server closes. On the loop, once, and never
  /// after the end or a failure. A peer that only ended its side shows when something is written to
  /// it. Only a source whose answer was begun hears it: what must be cleaned up in any case (the
  /// peer had gone before the answer, HEAD) belongs in the destructor.
  virtual void abandoned() {}
  /// Before the first `next`: give this part alone, of what `size` said at first. False: it cannot.
  [[nodiscard]] virtual bool narrow(const ByteRange& /*part*/) { return false; }
};

}  // namespace surveillx::net
