#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/net/http.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <optional>

namespace surveillx::net {

/// Puts a server's answer together from its bytes, past 100 and 103. Pure.
class AnswerReader {
 public:
  /// `head_only`: the answer to HEAD, which has no body.
  AnswerReader(bool head_only, std::size_t max_body_bytes);

  /// Takes from `input` what belongs to the answer: true once it is whole, false while more is
  /// needed, `unavailable` when it is malformed or too large.
  [[nodiscard]] Result<bool> take(boost::beast::flat_buffer& input);
  /// The connection has ended; true when that was the answer's end (one without a length).
  [[nodiscard]] bool end();
  /// How much to read at once.
  [[nodiscard]] std::size_t wanted() const;

  // Once it is whole.
  /// Whether the server lets another exchange follow.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] HttpResponse release();

 private:
  using Parser = boost::beast::http::response_parser<boost::beast::http::string_body>;
  void reset();

  bool head_only_;
  std::size_t max_body_bytes_;
  std::optional<Parser> parser_;
};

}  // namespace surveillx::net
