#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/net/client.hpp"

#include "stream.hpp"
#include "url.hpp"

#include <boost/asio/ssl/context.hpp>

#include <functional>
#include <memory>

namespace surveillx::net {

/// One attempt to reach a server: resolve, connect, and with a TLS context shake hands and check
/// the certificate. The caller limits the time by `cancel`. Loop thread.
class Dial : public std::enable_shared_from_this<Dial> {
 public:
  using Done = std::function<void(Result<std::shared_ptr<Stream>>)>;

  Dial(EventLoop& loop, const Url& url, TlsTrust trust,
       std::shared_ptr<asio::ssl::context> context);
  /// `done` gets the stream, `connect_failed` or `tls_untrusted`, later, unless cancelled before.
  void start(Done done);
  void cancel();

 private:
  void resolved(const error_code& ec, const tcp::resolver::results_type& results);
  void connect_next();
  void connected(const error_code& ec);
  void shaken(const error_code& ec);
  void finish(Result<std::shared_ptr<Stream>> result);

  std::string host_;
  std::uint16_t port_;
  TlsTrust trust_;
  std::shared_ptr<asio::ssl::context> context_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  std::vector<tcp::endpoint> endpoints_;
  std::size_t next_ = 0;
  std::shared_ptr<Stream> stream_;
  Done done_;
};

}  // namespace surveillx::net
