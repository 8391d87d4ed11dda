#pragma once

#include "web_socket_codec.hpp"

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>

namespace surveillx::net::web_socket {

/// What waits to leave for a peer, framed, in the order in which it leaves. Pure: somebody else
/// writes it, batch by batch.
class Sender {
 public:
  /// What left with a batch.
  struct Left {
    bool close = false;    ///< The close frame was in it.
    bool drained = false;  ///< The last waiting message was.
  };

  explicit Sender(Role role) : role_(role) {}

  /// Goes out first: the server's 101 answer.
  void preamble(SharedBytes bytes);
  void message(Opcode opcode, SharedBytes payload);
  void ping();
  /// Only the newest of unanswered pings needs an answer (section 5.5.3), so that a flood of them
  /// cannot grow the queue.
  void pong(ByteView payload);
  void close(std::uint16_t code, std::string_view reason);

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  /// Messages, and their bytes.
  [[nodiscard]] std::size_t queued() const { return queued_; }
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }

  /// Fills `buffers` with what goes next; how many it took. Their memory stays until
  /// `batch_written` or `clear`.
  [[nodiscard]] std::size_t next_batch(std::span<boost::asio::const_buffer> buffers);
  Left batch_written();
  /// Messages of which nothing is under way.
  void drop_unsent();
  void forget_counts() { queued_ = queued_bytes_ = 0; }
  void clear() { queue_.clear(); }

 private:
  enum class Kind { message, control, close, preamble };
  struct Item {
    Kind kind = Kind::message;
    Opcode opcode = Opcode::binary;
    HeaderBytes header;
    SharedBytes payload;
  };
  void enqueue(Kind kind, Opcode opcode, SharedBytes payload);

  const Role role_;
  std::deque<Item> queue_;
  std::size_t in_flight_ = 0;
  std::size_t queued_ = 0;
  std::size_t queued_bytes_ = 0;
};

}  // namespace surveillx::net::web_socket
