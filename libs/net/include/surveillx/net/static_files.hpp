#pragma once

#include "surveillx/net/http_server.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace surveillx::net {

/// One file that is served from memory, such as a part of the embedded dashboard.
struct StaticFile {
  std::string path;          ///< As requested: `/assets/index-1a2b.js`.
  std::string_view content;  ///< Copied once by `add_static_files`.
  std::string content_type;  ///< Empty: by the path's extension.
  /// The name changes with the content (a hash in it): cached for a year. Otherwise `no-cache`, so
  /// that browsers ask again each time and mostly get 304.
  bool immutable = false;
  std::string etag;               ///< With its quotes; empty: from the content's SHA-256.
  std::string_view gzip_content;  ///< The same, compressed, for who accepts gzip; may be empty.
};

struct StaticFileOptions {
  /// The file that `/` and, as the fallback of a single-page application, unknown paths answer.
  /// Empty: neither.
  std::string index = "/index.html";
  /// Below these prefixes an unknown path stays 404 problem+json.
  std::vector<std::string> reserved_prefixes{"/api/", "/socket.io/", "/assets/"};
};

/// Adds GET (and so HEAD) routes for `files` and sets the router's fallback: an unknown path of a
/// GET that accepts `text/html` gets the index file, anything else 404. Answers carry an ETag; a
/// matching `If-None-Match` gets 304 (RFC 9110 section 13.1.2), and ranges are answered (in_range).
void add_static_files(Router& router, const std::vector<StaticFile>& files,
                      const StaticFileOptions& options = {});

/// The media type for a file name's extension; `application/octet-stream` when unknown.
[[nodiscard]] std::string_view content_type_of(std::string_view path);

}  // namespace surveillx::net
