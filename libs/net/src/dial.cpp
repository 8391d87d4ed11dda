#include "dial.hpp"

#include "tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

namespace surveillx::net {
namespace {

/// What OpenSSL says when the first bytes of the answer are no TLS record, such as `HTTP/1.1 400`.
bool answered_without_tls(const error_code& ec) {
  if (ec.category() != asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(ec.value()));
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
         reason == SSL_R_HTTP_REQUEST;
}

}  // namespace

Dial::Dial(EventLoop& loop, const Url& url, TlsTrust trust,
           std::shared_ptr<asio::ssl::context> context)
    : host_(url.host),
      port_(url.port),
      trust_(std::move(trust)),
      context_(std::move(context)),
      resolver_(loop.impl().io()),
      socket_(loop.impl().io()) {}

void Dial::start(Done done) {
  done_ = std::move(done);
  error_code not_address;
  const auto address = asio::ip::make_address(host_, not_address);
  if (!not_address) {
    // Spares Asio's resolver thread.
    endpoints_.emplace_back(address, port_);
    connect_next();
    return;
  }
  resolver_.async_resolve(host_, std::to_string(port_), tcp::resolver::numeric_service,
                          [self = shared_from_this()](const error_code& ec,
                                                      const tcp::resolver::results_type& results) {
                            self->resolved(ec, results);
                          });
}

void Dial::cancel() {
  done_ = nullptr;
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
  if (stream_) stream_->close();
}

void Dial::resolved(const error_code& ec, const tcp::resolver::results_type& results) {
  if (!done_) return;
  if (ec || results.empty()) {
    finish(Error{kConnectFailed, "cannot find " + host_ + ": " + ec.message()});
    return;
  }
  for (const auto& entry : results) endpoints_.push_back(entry.endpoint());
  connect_next();
}

void Dial::connect_next() {
  error_code ignored;
  socket_.close(ignored);
  socket_.async_connect(endpoints_[next_++],
                        [self = shared_from_this()](const error_code& ec) { self->connected(ec); });
}

void Dial::connected(const error_code& ec) {
  if (!done_) return;
  if (ec && next_ < endpoints_.size()) {
    connect_next();
    return;
  }
  if (ec) {
    finish(Error{kConnectFailed, "cannot connect to " + host_ + " port " + std::to_string(port_) +
                                     ": " + ec.message()});
    return;
  }
  stream_ = std::make_shared<Stream>(std::move(socket_));
  if (!context_) {
    finish(stream_);
    return;
  }
  stream_->use_tls(context_);
  expect_host(stream_->native_tls(), host_, trust_);
  stream_->handshake(
      asio::ssl::stream_base::client,
      [self = shared_from_this()](const error_code& failed) { self->shaken(failed); });
}

void Dial::shaken(const error_code& ec) {
  if (!done_) return;
  if (answered_without_tls(ec)) {
    finish(Error{kNotTls,
                 "the server at " + host_ + " port " + std::to_string(port_) + " speaks no TLS"});
    return;
  }
  if (ec) {
    const std::string untrusted = verify_failure(stream_->native_tls());
    finish(untrusted.empty() ? Error{kConnectFailed, "no TLS with " + host_ + ": " + ec.message()}
                             : Error{kTlsUntrusted, "the certificate of " + host_ +
                                                        " is not trusted: " + untrusted});
    return;
  }
  if (auto pinned = check_pin(stream_->native_tls(), trust_); !pinned) {
    finish(pinned.error());
    return;
  }
  finish(stream_);
}

void Dial::finish(Result<std::shared_ptr<Stream>> result) {
  if (!result && stream_) stream_->close();
  stream_.reset();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

}  // namespace surveillx::net
