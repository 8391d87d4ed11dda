// From a whole request to the end of its answer.
#include "surveillx/base/log_stranger.hpp"

#include "http_connection_pending.hpp"
#include "request_parts.hpp"
#include "web_socket_codec.hpp"
#include "web_socket_connection.hpp"

#include <utility>

namespace surveillx::net {

HttpRequest HttpConnection::request_head(Target target) {
  HttpRequest request = request_of(*server_, *stream_, reader_.head(), std::move(target));
  request.standing = standing_;
  return request;
}

std::optional<HttpRequest> HttpConnection::take_request() {
  if (!target_) {
    ++server_->counters.malformed;
    refuse(400, "bad_target",
           "The request's address is not valid: " + target_.error().message + ".");
    return std::nullopt;
  }
  HttpRequest request = request_head(std::move(*target_));
  request.body = reader_.take_body();
  if (!watch_) watch_ = std::make_shared<RequestWatch>();
  request.watch = watch_;
  return request;
}

void HttpConnection::dispatch_request() {
  timer_.cancel();
  phase_ = Phase::handling;
  server_->table.set_rank(id_, StrangerTable::Rank::busy);
  ++serial_;
  std::optional<HttpRequest> request = take_request();
  if (!request) return;
  ++server_->counters.requests;

  if (upgrade_) {
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
  watch_peer();
}

void HttpConnection::dispatch_upgrade(HttpRequest request, const std::string& key) {
  const std::string remote_address = request.remote_address;
  Router::Impl::Match match = server_->router->impl().match_upgrade(request.path);
  request.params = std::move(match.params);
  const auto pending = std::make_shared<Pending>(*this);
  Router::Upgrade upgrade;
  upgrade.request = std::move(request);
  upgrade.refuse = [pending](HttpResponse response) { pending->answer(std::move(response)); };
  upgrade.accept_with = [pending, key, remote_address](const WebSocketOptions& options,
                                                       std::function<void(WebSocketPtr)> opened) {
    pending->run([key, remote_address, options, opened = std::move(opened)](
                     HttpConnection& connection, std::uint64_t serial) {
      connection.open_web_socket(serial, options, remote_address, key, opened);
    });
  };
  const std::string path = upgrade.request.path;
  guarded(path, [&] { match.route->upgrade(std::move(upgrade)); });
}

void HttpConnection::open_web_socket(std::uint64_t serial, WebSocketOptions options,
                                     std::string remote_address, const std::string& key,
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
  setup.remote_address = std::move(remote_address);
  setup.received = reader_.input();
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

void HttpConnection::respond(std::uint64_t serial, HttpResponse response) {
  if (serial != serial_) return;
  switch (phase_) {
    case Phase::handling:
      break;
    case Phase::deciding:
    case Phase::opening:
    case Phase::streaming:
      // It is not counted when its sink hears the end, which it never will.
      server_->table.set_rank(id_, StrangerTable::Rank::busy);
      if (reader_.whole()) {
        ++server_->counters.requests;
        break;
      }
      form_.keep_alive = false;
      unread_ = true;
      break;
    default:
      return;
  }
  end_feed(BodyCut::answered);
  write_response(std::move(response));
}

void HttpConnection::refuse(int status, std::string_view code, std::string_view detail) {
  log::stranger(log::Level::warn, "http.request_refused", group_,
                {{"status", status}, {"code", code}, {"remote", stream_->remote_address()}});
  form_.keep_alive = false;
  unread_ = true;
  phase_ = Phase::writing;
  abandon();
  write_response(HttpResponse::problem(status, code, detail));
}

void HttpConnection::write_response(HttpResponse response) {
  phase_ = Phase::writing;
  timer_.cancel();
  watch_.reset();
  OutgoingResponse out =
      outgoing(std::move(response), form_, server_->router->impl().default_headers);
  form_.keep_alive = out.keep_alive;
  writer_->write(std::move(out), [weak = weak_from_this()](ResponseWriter::End end) {
    if (const auto self = weak.lock()) self->answer_over(end);
  });
  if (phase_ == Phase::writing && writer_->streaming() && !reader_.has_input()) read_more();
}

void HttpConnection::answer_over(ResponseWriter::End end) {
  if (phase_ != Phase::writing) return;
  if (end == ResponseWriter::End::cut) stream_->reset();
  if (end != ResponseWriter::End::written) return finish();
  fresh_ = false;
  if (form_.keep_alive && !server_->closing) {
    next_request();
  } else {
    linger();
  }
}

/// A handler that answers late may want to know that nobody waits any more. With a pipelined
/// request in the buffer the peer is there, and reading behind bytes that are still to be parsed
/// would move them under the read.
void HttpConnection::watch_peer() {
  if (phase_ == Phase::handling && watch_ && watch_->on_abandoned && !reader_.has_input()) {
    read_more();
  }
}

void HttpConnection::abandon() {
  const std::shared_ptr<RequestWatch> watch = std::exchange(watch_, nullptr);
  if (!watch || watch->abandoned) return;
  watch->abandoned = true;
  if (const auto tell = std::exchange(watch->on_abandoned, nullptr)) tell();
}

}  // namespace surveillx::net
