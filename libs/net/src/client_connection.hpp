#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/net/client.hpp"

#include "answer_reader.hpp"
#include "stream.hpp"

#include <boost/beast/core/flat_buffer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace surveillx::net {

/// The client's side of one HTTP/1.1 connection: one exchange at a time. Loop thread.
class ClientConnection final : public StreamUser,
                               public std::enable_shared_from_this<ClientConnection> {
 public:
  struct Exchange {
    std::string head;  ///< Request line and fields, with the empty line.
    SharedBytes body;
    bool head_only = false;  ///< The answer to HEAD has no body.
    std::size_t max_body_bytes = 0;
  };
  using Done = std::function<void(Result<HttpResponse>)>;

  explicit ClientConnection(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

  /// `done` is called once, never inside this call, unless `close` comes before. After
  /// `unavailable` (the server closed) see `heard`.
  void exchange(Exchange exchange, Done done);
  /// Whether a byte of the current or last answer has come.
  [[nodiscard]] bool heard() const { return heard_; }
  /// Whether another exchange may follow.
  [[nodiscard]] bool reusable() const { return reusable_; }
  /// Reads while idle, in order to see the server close: then, or when it talks unasked, calls
  /// `closed` and is not reusable.
  void watch_idle(std::function<void()> closed);
  void close();

  /// After a 101 answer: the stream and what was read beyond the answer.
  [[nodiscard]] std::shared_ptr<Stream> take_stream() { return std::move(stream_); }
  [[nodiscard]] std::string take_received();

  void on_read(const error_code& ec, std::size_t size) override;
  void on_written(const error_code& ec) override;

 private:
  void read_more();
  void parse_input();
  void deliver();
  void fail(ErrorName name, std::string message);

  std::shared_ptr<Stream> stream_;
  boost::beast::flat_buffer input_;
  std::optional<AnswerReader> reader_;
  Exchange exchange_;
  Done done_;
  std::function<void()> idle_closed_;
  bool reading_ = false;
  bool heard_ = false;
  bool reusable_ = false;
};

/// The request line and fields of `request`, ready to send; `invalid_argument` when a name or value
/// would break the message apart.
[[nodiscard]] Result<std::string> request_head(const ClientRequest& request,
                                               const std::string& authority,
                                               const std::string& target);

}  // namespace surveillx::net
