#pragma once

#include "response_head.hpp"
#include "stream.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace surveillx::net {

/// Writes a connection's answers, one after another: from memory, or piece by piece from a source.
/// Kept alive by a write that is under way. Loop thread only.
class ResponseWriter final : public StreamWriter,
                             public std::enable_shared_from_this<ResponseWriter> {
 public:
  enum class End {
    written,
    cut,     ///< The body failed midway: what was sent must not look complete.
    broken,  ///< The peer has gone, or takes nothing any more.
  };
  /// A peer that takes nothing for `stall` is given up; a slow one is not.
  ResponseWriter(EventLoop& loop, std::shared_ptr<Stream> stream, std::chrono::milliseconds stall);

  /// `100 Continue`. An answer waits until it has left.
  void send_continue();
  /// `done` is called once, perhaps inside this call; not after `stop`.
  void write(OutgoingResponse response, std::function<void(End)> done);
  /// An answer is under way whose body a source gives.
  [[nodiscard]] bool streaming() const { return source_ != nullptr; }
  /// The connection is over.
  void stop();

  void on_written(const error_code& ec) override;

 private:
  class Token;
  enum class State { idle, continuing, asked, sending };

  void send_head();
  void send(std::span<const asio::const_buffer> buffers);
  void sent();
  void ask();
  void given(Result<SharedBytes> piece);
  void fail(std::string_view what);
  void watch();
  void finish(End end);

  EventLoop& loop_;
  std::shared_ptr<Stream> stream_;
  std::chrono::milliseconds stall_;
  Timer timer_;
  State state_ = State::idle;
  OutgoingResponse response_;
  std::function<void(End)>
      done_;  ///< While an answer is under way, or waits for `100 Continue` to leave.
  std::shared_ptr<BodySource> source_;
  std::uint64_t given_ = 0;  ///< Bytes that the source gave.
  bool threw_ = false;       ///< The source.
  SharedBytes piece_;
  std::string chunk_head_;
};

}  // namespace surveillx::net
