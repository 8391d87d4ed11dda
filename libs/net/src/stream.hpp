#pragma once

#include "asio.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace surveillx::net {

/// Who a stream reports to. Kept alive by the operation that is under way.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  virtual void on_read(const error_code& ec, std::size_t size) = 0;
};
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  virtual void on_written(const error_code& ec) = 0;
};
/// Who does both.
class StreamUser : public StreamReader, public StreamWriter {};

/// A TCP connection with or without TLS, told apart at run time so that everything above exists
/// once. At most one read and one write are under way. Loop thread only.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  using Tls = asio::ssl::stream<tcp::socket&>;

  explicit Stream(tcp::socket socket);

  /// Before `handshake`.
  void use_tls(std::shared_ptr<asio::ssl::context> context);
  [[nodiscard]] bool tls() const { return tls_.has_value(); }
  [[nodiscard]] SSL* native_tls() { return tls_->native_handle(); }
  void handshake(asio::ssl::stream_base::handshake_type type,
                 std::function<void(const error_code&)> done);

  /// Reads what is there, at least one byte, then `on_read`.
  void read(asio::mutable_buffer into, std::shared_ptr<StreamReader> user);
  /// Writes all of `buffers` (their memory stays valid until then). True when the kernel took
  /// everything at once, in which case `on_written` is not called; the usual case for plain TCP.
  /// While another write is under way, which is its caller's mistake, nothing of `buffers` is taken
  /// and `on_written` tells `already_started`.
  [[nodiscard]] bool write(std::span<const asio::const_buffer> buffers,
                           const std::shared_ptr<StreamWriter>& user);
  [[nodiscard]] bool writing() const { return writing_; }
  /// Bytes that TCP or TLS took over so far: shows whether a stuck peer still reads.
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }

  /// Nothing more will be written; the peer's bytes can still be read. Plain TCP only.
  void shutdown_send();
  /// Ends the connection with TLS's close_notify where one can still be sent.
  void close_politely();
  /// Ends the connection at once; operations under way report an error.
  void close();
  /// The same with a reset, so that what was sent cannot look complete.
  void reset();
  [[nodiscard]] bool open() const { return socket_.is_open(); }

  /// Bounds what waits in the kernel for a peer that does not read, so that the newest frame is not
  /// behind megabytes of old ones.
  void limit_unsent_bytes(int bytes);
  /// The socket's, whoever it speaks for.
  [[nodiscard]] const std::string& remote_address() const { return remote_address_; }
  [[nodiscard]] std::uint16_t remote_port() const { return remote_port_; }
  [[nodiscard]] std::uint16_t local_port() const { return local_port_; }

 private:
  void continue_write(std::shared_ptr<StreamWriter> user);
  void consume(std::size_t size);

  tcp::socket socket_;
  std::shared_ptr<asio::ssl::context> context_;
  std::optional<Tls> tls_;
  bool tls_ready_ = false;
  bool writing_ = false;
  std::string remote_address_;
  std::uint16_t remote_port_ = 0;
  std::uint16_t local_port_ = 0;
  std::vector<asio::const_buffer> unwritten_;
  std::size_t first_unwritten_ = 0;
  std::vector<char> record_;  ///< Small buffers joined into one TLS record.
  std::uint64_t bytes_written_ = 0;
};

/// The text of an address; IPv4 mapped into IPv6, as a dual-stack listener sees it, as IPv4.
[[nodiscard]] std::string address_text(const asio::ip::address& address);

}  // namespace surveillx::net
