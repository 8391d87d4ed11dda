#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/http.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace surveillx::net {

/// Why a streamed body ended before its end.
enum class BodyCut {
  peer_gone,  ///< The connection ended while the server went on, or gave way to another.
  too_slow,   ///< Below the lowest rate; the peer was answered 408.
  too_large,  ///< A body without a told length went over the limit; 413.
  malformed,  ///< Its framing is not HTTP's; 400.
  answered,   ///< An answer was given before its end, so that nobody needs the rest.
  surplus,    ///< The body goes to another sink already.
  failed,     ///< The sink threw, or dropped `taken` without calling it; 500.
  closing,    ///< The server closes, or has closed.
};
/// `peer_gone` and so on, for logs.
[[nodiscard]] std::string_view name_of(BodyCut why);

/// Takes the body of one request piece by piece, on the loop, and must not block. Exactly one of
/// `end` and `cut` is called, last, as long as the loop runs. Throwing costs this request alone.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Some bytes, at most about 64 KiB. Nothing more is read from the peer before `taken` is called:
  /// once, now or later, on any thread (again: nothing happens). There is no limit to how long that
  /// may take, and it is not counted against the peer; that a peer has gone meanwhile shows
  /// afterwards.
  virtual void chunk(SharedBytes bytes, std::function<void()> taken) = 0;
  /// That was all. The answer may come now or later; when the last responder goes without one, 500.
  virtual void end() = 0;
  /// There will be no end: remove what was kept. May come while a chunk is held.
  virtual void cut(BodyCut why) = 0;
};

/// The same for who blocks: its calls run on a pool, one after another. It is destroyed there too,
/// unless the pool stops first: then its destructor alone tells it.
class BlockingBodySink {
 public:
  virtual ~BlockingBodySink() = default;
  /// An answer refuses the rest of the body. One that throws is answered 500 and cut (`failed`).
  [[nodiscard]] virtual std::optional<HttpResponse> chunk(ByteView bytes) = 0;
  /// The answer. When it throws, which is answered 500, no `cut` follows.
  [[nodiscard]] virtual HttpResponse end() = 0;
  virtual void cut(BodyCut why) = 0;
};

/// Runs `sink` on `pool`, which outlives the server, and gives its answers to `respond`. A pool
/// that is full when the first chunk comes is answered 503; later ones are queued in any case, so
/// that a long upload does not end because of a busy moment: one a request.
[[nodiscard]] std::shared_ptr<BodySink> on_pool(WorkerPool& pool,
                                                std::unique_ptr<BlockingBodySink> sink,
                                                HttpResponder respond);

/// The body of a request of which only the head was read.
struct IncomingBody {
  /// Of a chunked body nobody knows. 0: there is none, and the sink hears its end at once.
  std::optional<std::uint64_t> length;
  /// Begins to read, which also sends `100 Continue` to who waits for it. Once (later sinks are
  /// cut: `surplus`); any thread; also after the peer has gone, which cuts the sink. After the
  /// loop's end the sink is dropped without a word.
  std::function<void(std::shared_ptr<BodySink>)> read_into;
};

}  // namespace surveillx::net
