#include "http_connection.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"

#include "http_connection_pending.hpp"
#include "http_text.hpp"
#include "request_head.hpp"
#include "router_impl.hpp"
#include "target.hpp"
#include "web_socket_codec.hpp"
#include "web_socket_connection.hpp"

#include <boost/beast/core/buffers_to_string.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <utility>

namespace surveillx::net {

namespace http = boost::beast::http;

namespace {

constexpr std::chrono::milliseconds kHandshakeTimeout{10'000};
constexpr std::chrono::milliseconds kLingerTimeout{1'000};

/// IMF-fixdate (RFC 9110 section 5.6.7), made once a second.
const std::string& http_date() {
  static thread_local std::time_t made = 0;
  static thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> buffer{};
    text.assign(buffer.data(),
                std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
    made = now;
  }
  return text;
}

/// Ends the server's own framing: a handler's version of these would contradict it.
bool is_framing(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") ||
         equal_ignoring_case(name, "Transfer-Encoding") || equal_ignoring_case(name, "Connection");
}

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

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<ServerCore> server, tcp::socket socket,
                               std::string group)
    : server_(std::move(server)),
      stream_(std::make_shared<Stream>(std::move(socket))),
      group_(std::move(group)),
      timer_(server_->loop) {}

void HttpConnection::start(bool shared) {
  id_ = server_->add(shared_from_this());
  server_->table.add(id_, group_, shared);
  standing_ = std::make_shared<PeerStanding>(
      [loop = server_->loop_core, server = std::weak_ptr(server_), id = id_] {
        const std::shared_ptr<LoopCore> core = loop.lock();
        if (!core) return;
        asio::post(core->io, [server, id] {
          if (const auto open = server.lock()) open->table.admit(id);
        });
      });
  if (!server_->tls) {
    next_request();
    return;
  }
  stream_->use_tls(server_->tls->context());
  server_->table.set_rank(id_, StrangerTable::Rank::unfinished);
  timer_.start(kHandshakeTimeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->stream_->close();
  });
  stream_->handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code ec) {
    if (self->phase_ == Phase::over) return;
    if (ec) {
      ++self->server_->counters.tls_failed;
      log::debug("http.tls_failed",
                 {{"remote", self->stream_->remote_address()}, {"error", ec.message()}});
      self->finish();
      return;
    }
    self->next_request();
  });
}

void HttpConnection::start_refused() {
  refused_ = true;
  ++server_->refusing;
  id_ = server_->add(shared_from_this());
  refuse(503, "too_many_connections", "The server has no free connection. Try again in a moment.");
}

// --- Reading requests ---

void HttpConnection::next_request() {
  phase_ = Phase::request;
  watch_.reset();
  request_begun_ = false;
  header_checked_ = false;
  body_received_ = 0;
  parser_.emplace();
  // Stops behind the head, where it is decided how much body may follow.
  parser_->eager(false);
  parser_->header_limit(static_cast<std::uint32_t>(server_->options.max_header_bytes));
  parser_->body_limit(boost::none);
  server_->table.set_rank(id_, StrangerTable::Rank::idle);
  // A connection that never sends anything is worth less than one that did, and a stranger's less
  // than one of somebody known.
  const ListenOptions& options = server_->options;
  auto idle = fresh_ ? options.request_timeout : options.keep_alive_timeout;
  if (!standing_->admitted() && server_->table.pressed()) {
    idle = std::min(idle, options.pressed_keep_alive_timeout);
  }
  timer_.start(idle, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->finish();
  });
  parse_input();
}

void HttpConnection::read_more() {
  if (reading_) return;  // Begun while the last request was handled.
  constexpr std::size_t kChunk = 8 * 1024;
  constexpr std::size_t kBodyChunk = 64 * 1024;
  std::size_t size = kChunk;
  if (parser_ && parser_->is_header_done()) {
    if (const auto left = parser_->content_length_remaining(); left && *left > kChunk) {
      size = static_cast<std::size_t>(std::min<std::uint64_t>(*left, kBodyChunk));
    }
  }
  reading_ = true;
  stream_->read(input_.prepare(size), shared_from_this());
}

void HttpConnection::on_read(const error_code& ec, std::size_t size) {
  reading_ = false;
  if (phase_ == Phase::over) return;
  if (phase_ == Phase::handling || phase_ == Phase::writing) {
    // Only read to notice that the peer goes away. It may have closed its half alone, so the answer
    // is still written; a request that came early waits for its turn.
    if (ec) {
      keep_alive_ = false;
      abandon();
    } else {
      input_.commit(size);
    }
    return;
  }
  if (ec) {
    // The peer went away, which it may at any time; nobody else is left to tell.
    finish();
    return;
  }
  if (phase_ == Phase::lingering) {
    read_more();  // Overwrites what came, by not committing it.
    return;
  }
  input_.commit(size);
  if (header_checked_) body_received_ += size;
  parse_input();
}

void HttpConnection::parse_input() {
  // A robust server skips line ends before a request (RFC 9112 section 2.2).
  while (!request_begun_ && input_.size() > 0) {
    const char first = *static_cast<const char*>(input_.data().data());
    if (first == '\r' || first == '\n') {
      input_.consume(1);
      continue;
    }
    request_begun_ = true;
    request_began_ = std::chrono::steady_clock::now();
    server_->table.set_rank(id_, StrangerTable::Rank::unfinished);
    const ListenOptions& options = server_->options;
    timer_.start(std::min(options.header_timeout, options.request_timeout),
                 [weak = weak_from_this()] {
                   const auto self = weak.lock();
                   if (!self || self->phase_ != Phase::request) return;
                   ++self->server_->counters.timed_out;
                   self->refuse(408, "request_timeout", "The request took too long to arrive.");
                 });
  }
  while (input_.size() > 0 && !parser_->is_done()) {
    error_code ec;
    input_.consume(parser_->put(input_.data(), ec));
    // Beast bounds the header, but not what precedes a chunk.
    const bool endless =
        parser_->is_header_done() && input_.size() > server_->options.max_header_bytes;
    if (ec == http::error::need_more && !endless) break;
    ServerCore::Counters& counters = server_->counters;
    if (ec == http::error::header_limit) {
      ++counters.header_too_large;
      refuse(431, "header_too_large", "The request's header is too large.");
      return;
    }
    if (ec == http::error::body_limit) {
      refuse_large_body(max_body_);
      return;
    }
    if (ec) {
      ++counters.malformed;
      refuse(400, "malformed_request", "The request is not well-formed HTTP/1.1.");
      return;
    }
    if (parser_->is_header_done() && !header_checked_) {
      header_checked_ = true;
      if (!check_header()) return;
      if (!parser_->is_done() && !check_body_limit()) return;
    }
  }
  if (parser_->is_done()) {
    dispatch_request();
  } else {
    read_more();
  }
}

bool HttpConnection::check_header() {
  const auto fault = head_fault(parser_->get());
  if (!fault) return true;
  ++server_->counters.malformed;
  refuse(fault->status, fault->code, fault->detail);
  return false;
}

// How much body may follow: http_connection_body.cpp.

/// The target without the base path, under which a proxy may show us.
Result<Target> HttpConnection::target_of(const Parser::value_type& message) const {
  Result<Target> target = parse_target(view(message.target()));
  const std::string& base = server_->options.base_path;
  if (!target || base.empty() || !target->path.starts_with(base)) return target;
  const std::string_view below = std::string_view(target->path).substr(base.size());
  if (below.empty()) {
    target->path = "/";
  } else if (below.front() == '/') {
    target->path.erase(0, base.size());
  }
  return target;
}

/// The request without its body.
HttpRequest HttpConnection::request_of(const Parser::value_type& message, Target target) const {
  HttpRequest request;
  request.method = view(message.method_string());
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  for (const auto& field : message) {
    request.headers.add(std::string(view(field.name_string())), std::string(view(field.value())));
  }
  request.standing = standing_;
  request.peer_address = stream_->remote_address();
  request.peer_port = stream_->remote_port();
  request.local_port = stream_->local_port();
  request.tls = stream_->tls();
  request.version = message.version();
  TrustedProxies::Client client =
      server_->proxies.client_of(request.peer_address, request.headers);
  // A browser's; programs beside the proxy, as our own media process, come without one.
  if (client.proxied && !request.headers.has("X-Forwarded-For") &&
      !request.headers.has("Forwarded") && request.headers.has("Origin") &&
      !std::exchange(server_->silent_proxy_logged, true)) {
    log::warn("http.proxy_names_no_client",
              {{"proxy", request.peer_address},
               {"fix", "let it set X-Forwarded-For, else all its clients look like one"}});
  }
  request.remote_address = std::move(client.address);
  request.host = client.host.empty() ? std::string(request.headers.get("Host")) : client.host;
  request.secure = request.tls || client.https;
  request.via_proxy = client.proxied || server_->options.unnamed_proxy;
  return request;
}

std::optional<HttpRequest> HttpConnection::take_request() {
  auto message = parser_->release();
  version_ = message.version();
  keep_alive_ = message.keep_alive();
  head_only_ = message.method() == http::verb::head;
  Result<Target> target = target_of(message);
  if (!target) {
    ++server_->counters.malformed;
    keep_alive_ = false;
    refuse(400, "bad_target",
           "The request's address is not valid: " + target.error().message + ".");
    return std::nullopt;
  }
  HttpRequest request = request_of(message, std::move(*target));
  request.body = std::move(message.body());
  if (!watch_) watch_ = std::make_shared<RequestWatch>();
  request.watch = watch_;
  return request;
}

void HttpConnection::observe_head() {
  if (!server_->router->impl().has_head_observers) return;
  const auto& message = parser_->get();
  Result<Target> target = target_of(message);
  if (!target) return;  // Refused when it is whole.
  const Router::HeadObserver* observer = server_->router->impl().match_head(target->path);
  if (observer == nullptr) return;
  HttpRequest request = request_of(message, std::move(*target));
  watch_ = std::make_shared<RequestWatch>();
  request.watch = watch_;
  try {
    (*observer)(request);
  } catch (const std::exception& e) {
    log::error("http.handler_failed", {{"path", request.path}, {"error", e.what()}});
  }
}

void HttpConnection::abandon() {
  const std::shared_ptr<RequestWatch> watch = std::exchange(watch_, nullptr);
  if (!watch || watch->abandoned) return;
  watch->abandoned = true;
  if (const auto tell = std::exchange(watch->on_abandoned, nullptr)) tell();
}

void HttpConnection::dispatch_request() {
  timer_.cancel();
  phase_ = Phase::handling;
  server_->table.set_rank(id_, StrangerTable::Rank::busy);
  ++serial_;
  std::optional<HttpRequest> request = take_request();
  if (!request) return;
  ++server_->counters.requests;

  if (request->method == "GET" && version_ == 11 &&
      has_token(request->headers.get("Connection"), "upgrade") &&
      has_token(request->headers.get("Upgrade"), "websocket") &&
      server_->router->impl().match_upgrade(request->path).route != nullptr) {
    const std::string key(request->headers.get("Sec-WebSocket-Key"));
    if (request->headers.get("Sec-WebSocket-Version") != "13") {
      HttpResponse response =
          HttpResponse::problem(426, "web_socket_version", "This server speaks WebSocket 13.");
      response.headers.add("Sec-WebSocket-Version", "13");
      write_response(std::move(response));
    } else if (!web_socket::is_valid_key(key)) {
      write_response(HttpResponse::problem(400, "bad_upgrade", "Sec-WebSocket-Key is not valid."));
    } else {
      dispatch_upgrade(std::move(*request), key);
    }
    return;
  }
  dispatch(server_->router, std::move(*request),
           [pending = std::make_shared<Pending>(*this)](HttpResponse response) {
             pending->answer(std::move(response));
           });
  // A handler that answers late may want to know that nobody waits any more. With a pipelined
  // request in the buffer the peer is there, and reading behind bytes that are still to be parsed
  // would move them under the read.
  if (phase_ == Phase::handling && watch_ && watch_->on_abandoned && input_.size() == 0) {
    read_more();
  }
}

void HttpConnection::dispatch_upgrade(HttpRequest request, const std::string& key) {
  client_address_ = request.remote_address;
  Router::Impl::Match match = server_->router->impl().match_upgrade(request.path);
  request.params = std::move(match.params);
  const auto pending = std::make_shared<Pending>(*this);
  Router::Upgrade upgrade;
  upgrade.request = std::move(request);
  upgrade.refuse = [pending](HttpResponse response) { pending->answer(std::move(response)); };
  upgrade.accept_with = [pending, key](const WebSocketOptions& options,
                                       std::function<void(WebSocketPtr)> opened) {
    pending->run([key, options, opened = std::move(opened)](HttpConnection& connection,
                                                            std::uint64_t serial) {
      connection.open_web_socket(serial, options, key, opened);
    });
  };
  const std::string path = upgrade.request.path;
  try {
    match.route->upgrade(std::move(upgrade));
  } catch (const std::exception& e) {
    log::error("http.handler_failed", {{"path", path}, {"error", e.what()}});
  }
}

// --- Answering ---

void HttpConnection::respond(std::uint64_t serial, HttpResponse response) {
  if (serial != serial_) return;
  if (phase_ == Phase::deciding) unread_ = true;
  if (phase_ != Phase::handling && phase_ != Phase::deciding) return;
  keep_alive_ = keep_alive_ && phase_ == Phase::handling;
  write_response(std::move(response));
}

void HttpConnection::refuse(int status, std::string_view code, std::string_view detail) {
  log::stranger(log::Level::warn, "http.request_refused", group_,
                {{"status", status}, {"code", code}, {"remote", stream_->remote_address()}});
  timer_.cancel();
  keep_alive_ = false;
  unread_ = true;
  write_response(HttpResponse::problem(status, code, detail));
}

void HttpConnection::write_response(HttpResponse response) {
  phase_ = Phase::writing;
  if (unread_) abandon();  // Refused before it was whole.
  watch_.reset();
  const int status = response.status;
  const bool bodiless = status == 204 || status == 304 || (status >= 100 && status < 200);
  if (equal_ignoring_case(response.headers.get("Connection"), "close")) keep_alive_ = false;
  head_.clear();
  head_.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  head_.append(reason_phrase(status)).append("\r\n");
  append_field(head_, "Date", http_date());
  append_headers(head_, response.headers, server_->router->impl().default_headers);
  if (!bodiless) append_field(head_, "Content-Length", std::to_string(response.body.size()));
  if (!keep_alive_) {
    append_field(head_, "Connection", status == 426 ? "close, Upgrade" : "close");
  } else if (version_ == 10) {
    append_field(head_, "Connection", "keep-alive");
  } else if (status == 426) {
    append_field(head_, "Connection", "Upgrade");
  }
  head_.append("\r\n");
  body_ = head_only_ || bodiless ? SharedBytes() : std::move(response.body);

  watch_writing();
  if (!continuing_) send_response();
}

void HttpConnection::send_response() {
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_),
                                                  asio::buffer(body_.data(), body_.size())};
  if (stream_->write(buffers, shared_from_this())) response_written();
}

/// A peer that takes nothing of its answer for so long is given up; a slow one is not.
void HttpConnection::watch_writing() {
  timer_.start(server_->options.request_timeout,
               [weak = weak_from_this(), before = stream_->bytes_written()] {
                 const auto self = weak.lock();
                 if (!self || self->phase_ != Phase::writing) return;
                 if (self->stream_->bytes_written() == before) {
                   self->finish();
                 } else {
                   self->watch_writing();
                 }
               });
}

void HttpConnection::on_written(const error_code& ec) {
  if (phase_ == Phase::over) return;
  const bool continued = std::exchange(continuing_, false);
  if (ec) {
    finish();
  } else if (continued) {
    if (phase_ == Phase::writing) send_response();
  } else if (phase_ == Phase::writing) {
    response_written();
  }
}

void HttpConnection::response_written() {
  body_ = SharedBytes();
  fresh_ = false;
  if (keep_alive_ && !server_->closing) {
    next_request();
  } else {
    linger();
  }
}

/// Closing a socket with unread bytes resets the connection, and a reset can destroy our answer
/// before the peer has read it. So only our half is closed, and what still comes is thrown away.
void HttpConnection::linger() {
  if (stream_->tls() && !unread_) {
    stream_->close_politely();
    finish();
    return;
  }
  phase_ = Phase::lingering;
  stream_->shutdown_send();
  timer_.start(kLingerTimeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->finish();
  });
  parser_.reset();
  input_.clear();
  read_more();
}

void HttpConnection::open_web_socket(std::uint64_t serial, const WebSocketOptions& options,
                                     const std::string& key,
                                     const std::function<void(WebSocketPtr)>& opened) {
  if (phase_ != Phase::handling || serial != serial_) return;
  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  append_field(head, "Sec-WebSocket-Accept", web_socket::accept_key(key));
  append_headers(head, {}, server_->router->impl().default_headers);
  head.append("\r\n");

  /// The WebSocket in the server's table.
  struct Upgraded final : Peer {
    void terminate() override { socket->abort(); }
    std::shared_ptr<WebSocketConnection> socket;
  };
  WebSocketConnection::Setup setup;
  setup.stream = std::move(stream_);
  setup.options = options;
  setup.remote_address = client_address_;
  setup.received = boost::beast::buffers_to_string(input_.data());
  setup.preamble = SharedBytes(std::move(head));
  setup.over = [server = server_, id = id_] { server->remove(id); };
  const auto peer = std::make_shared<Upgraded>();
  peer->socket = WebSocketConnection::create(server_->loop, std::move(setup));

  const auto self = shared_from_this();  // The table held the last other reference.
  phase_ = Phase::over;
  timer_.cancel();
  server_->replace(id_, peer);
  opened(peer->socket);
  peer->socket->start();
}

void HttpConnection::finish() {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  abandon();
  timer_.cancel();
  stream_->close();
  if (refused_) --server_->refusing;
  server_->remove(id_);
}

}  // namespace surveillx::net
