#include "surveillx/net/static_files.hpp"

#include "surveillx/net/byte_range.hpp"

#include "http_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace surveillx::net {
namespace {

struct Served {
  SharedBytes content;
  SharedBytes gzip_content;
  std::string content_type;
  std::string etag;
  bool immutable = false;
};

SharedBytes copy_of(std::string_view text) { return SharedBytes(std::string(text)); }

std::string etag_of(std::string_view content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(content.data(), content.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return "\"" + hex_encode({digest.data(), 16}) + "\"";
}

/// Whether gzip stands in Accept-Encoding and is not ruled out by `q=0`.
bool accepts_gzip(std::string_view list) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    const std::size_t semicolon = item.find(';');
    if (!equal_ignoring_case(trimmed(item.substr(0, semicolon)), "gzip")) continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view weight = trimmed(item.substr(semicolon + 1));
    return weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

HttpResponse serve(const Served& file, const HttpRequest& request) {
  HttpResponse response;
  const bool gzip =
      !file.gzip_content.empty() && accepts_gzip(request.headers.get("Accept-Encoding"));
  // Each encoding is a representation of its own and needs an ETag of its own.
  std::string etag = file.etag;
  if (gzip) etag.insert(etag.size() - 1, "-gz");
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control",
                       file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!file.gzip_content.empty()) response.headers.add("Vary", "Accept-Encoding");
  if (any_etag_matches(request.headers.get("If-None-Match"), etag)) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", file.content_type);
  if (gzip) response.headers.add("Content-Encoding", "gzip");
  response.body = gzip ? file.gzip_content : file.content;
  return in_range(request, std::move(response));
}

bool accepts_html(std::string_view accept) {
  return accept.find("text/html") != std::string_view::npos;
}

}  // namespace

std::string_view content_type_of(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 19> kTypes{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".yaml", "application/yaml"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".webp", "image/webp"},
      {".gif", "image/gif"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".woff", "font/woff"},
      {".wasm", "application/wasm"},
  }};
  for (const auto& [extension, type] : kTypes) {
    if (path.size() > extension.size() &&
        equal_ignoring_case(path.substr(path.size() - extension.size()), extension)) {
      return type;
    }
  }
  return "application/octet-stream";
}

void add_static_files(Router& router, const std::vector<StaticFile>& files,
                      const StaticFileOptions& options) {
  std::shared_ptr<const Served> index;
  for (const StaticFile& file : files) {
    auto served = std::make_shared<Served>();
    served->content = copy_of(file.content);
    served->gzip_content = copy_of(file.gzip_content);
    served->content_type =
        file.content_type.empty() ? std::string(content_type_of(file.path)) : file.content_type;
    served->etag = file.etag.empty() ? etag_of(file.content) : file.etag;
    served->immutable = file.immutable;
    const auto handler = [served](const HttpRequest& request, const HttpResponder& respond) {
      respond(serve(*served, request));
    };
    router.add("GET", file.path, handler);
    if (!options.index.empty() && file.path == options.index) {
      router.add("GET", "/", handler);
      index = served;
    }
  }
  router.set_fallback([index, reserved = options.reserved_prefixes](const HttpRequest& request,
                                                                    const HttpResponder& respond) {
    const bool page = index && (request.method == "GET" || request.method == "HEAD") &&
                      accepts_html(request.headers.get("Accept")) &&
                      std::none_of(reserved.begin(), reserved.end(), [&](const std::string& p) {
                        return request.path.starts_with(p);
                      });
    respond(page ? serve(*index, request)
                 : HttpResponse::problem(404, "not_found", "There is nothing at this address."));
  });
}

}  // namespace surveillx::net
