// A connection's lifetime, and the bytes that come.
#include "http_connection.hpp"

#include "surveillx/base/log.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::net {

namespace {

constexpr std::chrono::milliseconds kHandshakeTimeout{10'000};
constexpr std::chrono::milliseconds kLingerTimeout{1'000};

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<ServerCore> server, tcp::socket socket,
                               std::string group)
    : server_(std::move(server)),
      stream_(std::make_shared<Stream>(std::move(socket))),
      writer_(std::make_shared<ResponseWriter>(server_->loop, stream_,
                                               server_->options.request_timeout)),
      group_(std::move(group)),
      timer_(server_->loop),
      reader_(server_->options.max_header_bytes) {}

void HttpConnection::start(bool shared) {
  id_ = server_->add(shared_from_this());
  server_->table.add(id_, group_, shared);
  standing_ = std::make_shared<PeerStanding>(
      [loop = server_->loop_core, server = std::weak_ptr(server_), id = id_] {
        post_if_alive(loop, [server, id] {
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

void HttpConnection::next_request() {
  phase_ = Phase::request;
  watch_.reset();
  route_ = nullptr;
  upgrade_ = false;
  form_ = {};
  reader_.next();
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
  advance();
}

void HttpConnection::request_began() {
  clock_.begin(RequestClock::Clock::now());
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

void HttpConnection::read_more() {
  if (reading_) return;  // Begun while the last request was handled.
  reading_ = true;
  stream_->read(reader_.prepare(), shared_from_this());
}

void HttpConnection::on_read(const error_code& ec, std::size_t size) {
  reading_ = false;
  if (phase_ == Phase::over) return;
  if (phase_ == Phase::handling || phase_ == Phase::writing) {
    // Only read to notice that the peer goes away. It may have closed its half alone, so the answer
    // is still written; a request that came early waits for its turn.
    if (!ec) {
      reader_.commit(size);
      return;
    }
    form_.keep_alive = false;
    abandon();
    // No half-close: nothing can be written any more, and a source may wait long before it finds
    // out.
    if (phase_ == Phase::writing && writer_->streaming() && ec != asio::error::eof) finish();
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
  reader_.commit(size);
  if (reader_.head_done()) clock_.received(size, RequestClock::Clock::now());
  advance();
}

void HttpConnection::advance() {
  using Step = RequestReader::Step;
  for (;;) {
    const bool begun = reader_.begun();
    const Step step = reader_.step();
    if (!begun && reader_.begun()) request_began();
    switch (step) {
      case Step::header_too_large:
        ++server_->counters.header_too_large;
        return refuse(431, "header_too_large", "The request's header is too large.");
      case Step::body_too_large:
        return refuse_large_body(max_body_);
      case Step::malformed:
        ++server_->counters.malformed;
        end_feed(BodyCut::malformed);
        return refuse(400, "malformed_request", "The request is not well-formed HTTP/1.1.");
      case Step::head:
        if (!head_arrived()) return;
        break;
      case Step::need_more:
        return phase_ == Phase::streaming ? hand_on(false) : read_more();
      case Step::whole:
        return phase_ == Phase::streaming ? hand_on(true) : dispatch_request();
    }
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
  reader_.discard();
  read_more();
}

void HttpConnection::finish() {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  end_feed(server_->closing ? BodyCut::closing : BodyCut::peer_gone);
  abandon();
  timer_.cancel();
  writer_->stop();
  stream_->close();
  if (refused_) --server_->refusing;
  server_->remove(id_);
}

}  // namespace surveillx::net
