#pragma once

#include "surveillx/base/error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace surveillx::net {

/// Bytes of a body as they come, which Beast's string_body would reserve at the length that a peer
/// promises.
struct ArrivingBody {
  using value_type = std::string;

  class reader {
   public:
    template <bool IsRequest, class Fields>
    reader(boost::beast::http::header<IsRequest, Fields>& /*head*/, std::string& body)
        : body_(body) {}
    void init(const boost::optional<std::uint64_t>& /*length*/, boost::system::error_code& ec) {
      ec = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& ec) {
      const std::size_t before = body_.size();
      for (const boost::asio::const_buffer part : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(part.data()), part.size());
      }
      ec = {};
      return body_.size() - before;
    }
    void finish(boost::system::error_code& ec) { ec = {}; }

   private:
    std::string& body_;
  };
};

/// Puts requests together from a connection's bytes, one after another: the head, then as much body
/// as is let in, whole or in pieces. What it says of them does not depend on where the network cuts
/// them. Pure: no socket, no clock.
class RequestReader {
 public:
  using Head = boost::beast::http::request_header<>;
  enum class Step {
    need_more,
    head,  ///< Told once a request, before any of its body is looked at.
    whole,
    header_too_large,
    body_too_large,
    malformed,
  };

  /// `max_header_bytes`: of a head, and of what precedes a chunk or follows the last.
  explicit RequestReader(std::size_t max_header_bytes) : max_header_bytes_(max_header_bytes) {}

  /// Begins another request; bytes that have come of it stay.
  void next();
  /// Room for what the network brings.
  [[nodiscard]] boost::asio::mutable_buffer prepare();
  void commit(std::size_t size) { input_.commit(size); }
  /// Whether there are bytes that no request has taken.
  [[nodiscard]] bool has_input() const { return input_.size() > 0; }
  [[nodiscard]] std::string input() const;
  /// Throws away what came and stops parsing; `prepare` still gives room.
  void discard();

  /// Goes on with what is there. After a refusal only `discard` makes sense.
  [[nodiscard]] Step step();

  /// A byte of the request has come.
  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] bool whole() const { return parser_ && parser_->is_done(); }

  // Once the head is there.
  [[nodiscard]] bool head_done() const { return head_told_; }
  /// Without the fields that may follow a chunked body (RFC 9110 section 6.5.1), which are dropped.
  [[nodiscard]] const Head& head() const { return head_; }
  [[nodiscard]] bool keep_alive() const { return parser_->keep_alive(); }
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
  /// How much body may come; `body_too_large` from `step` when more does.
  void let_in(std::size_t max_body_bytes);
  /// The bytes of the body that came since the last call.
  [[nodiscard]] std::string take_body();

 private:
  using Parser = boost::beast::http::request_parser<ArrivingBody>;

  [[nodiscard]] Step go_on();

  std::size_t max_header_bytes_;
  boost::beast::flat_buffer input_;
  std::optional<Parser> parser_;
  Head head_;
  std::size_t head_bytes_ = 0;  ///< That the parser has taken.
  bool begun_ = false;
  bool head_told_ = false;
};

}  // namespace surveillx::net
