#pragma once

#include "surveillx/net/body_source.hpp"
#include "surveillx/net/http.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace surveillx::net {

/// What the request says about the form of its answer.
struct AnswerForm {
  unsigned version = 11;
  bool head_only = false;   ///< HEAD.
  bool keep_alive = false;  ///< As far as the request and what was read of it go.
};

/// An answer as it goes out.
struct OutgoingResponse {
  enum class Framing { length, chunked, until_close };
  std::string head;
  SharedBytes body;
  std::shared_ptr<BodySource> source;  ///< Null: `body` is all.
  std::optional<std::uint64_t> source_size;
  Framing framing = Framing::length;
  bool keep_alive = false;
};

/// Writes the head and decides the framing (RFC 9112 section 6). Fields that would contradict it or
/// split the message are left out. Pure, but for the date.
[[nodiscard]] OutgoingResponse outgoing(HttpResponse response, const AnswerForm& form,
                                        const Headers& defaults);

void append_field(std::string& head, std::string_view name, std::string_view value);
/// `defaults` where `headers` does not say otherwise.
void append_headers(std::string& head, const Headers& headers, const Headers& defaults);

}  // namespace surveillx::net
