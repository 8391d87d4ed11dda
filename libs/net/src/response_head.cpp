#include "response_head.hpp"

#include "surveillx/base/log.hpp"

#include "http_text.hpp"

#include <array>
#include <ctime>
#include <string_view>
#include <utility>

namespace surveillx::net {
namespace {

/// The time, made once a second.
const std::string& date_now() {
  static thread_local std::time_t made = 0;
  static thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    text = http_date(now);
    made = now;
  }
  return text;
}

/// Ends the server's own framing: a handler's version of these would contradict it.
bool is_framing(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") ||
         equal_ignoring_case(name, "Transfer-Encoding") || equal_ignoring_case(name, "Connection");
}

}  // namespace

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

void append_headers(std::string& head, const Headers& headers, const Headers& defaults) {
  for (const auto& [name, value] : headers.all()) {
    if (is_framing(name)) continue;
    if (!is_field_name(name) || !is_field_value(value)) {
      log::error("http.bad_response_header", {{"name", name}});
      continue;
    }
    append_field(head, name, value);
  }
  for (const auto& [name, value] : defaults.all()) {
    if (!headers.has(name)) append_field(head, name, value);
  }
}

OutgoingResponse outgoing(HttpResponse response, const AnswerForm& form, const Headers& defaults) {
  OutgoingResponse out;
  out.keep_alive =
      form.keep_alive && !equal_ignoring_case(response.headers.get("Connection"), "close");
  const int status = response.status;
  const bool bodiless = status == 204 || status == 304 || (status >= 100 && status < 200);
  if (response.source && !bodiless) out.source_size = response.source->size();
  if (response.source && !bodiless && !out.source_size) {
    out.framing = form.version == 10 ? OutgoingResponse::Framing::until_close
                                     : OutgoingResponse::Framing::chunked;
    // Also for HEAD: it tells what GET would say.
    if (form.version == 10) out.keep_alive = false;
  }
  out.head.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.head.append(reason_phrase(status)).append("\r\n");
  append_field(out.head, "Date", date_now());
  append_headers(out.head, response.headers, defaults);
  if (bodiless) {
    // Neither length nor coding.
  } else if (out.framing == OutgoingResponse::Framing::chunked) {
    append_field(out.head, "Transfer-Encoding", "chunked");
  } else if (out.framing == OutgoingResponse::Framing::length) {
    append_field(out.head, "Content-Length",
                 std::to_string(out.source_size ? *out.source_size : response.body.size()));
  }
  if (!out.keep_alive) {
    append_field(out.head, "Connection", status == 426 ? "close, Upgrade" : "close");
  } else if (form.version == 10) {
    append_field(out.head, "Connection", "keep-alive");
  } else if (status == 426) {
    append_field(out.head, "Connection", "Upgrade");
  }
  out.head.append("\r\n");
  if (!form.head_only && !bodiless) {
    out.body = response.source ? SharedBytes() : std::move(response.body);
    out.source = std::move(response.source);
  }
  return out;
}

}  // namespace surveillx::net
