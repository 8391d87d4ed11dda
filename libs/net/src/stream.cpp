#include "stream.hpp"

#include "surveillx/base/log.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>

#include <algorithm>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace surveillx::net {
namespace {

/// What OpenSSL puts into one record at most.
constexpr std::size_t kRecordBytes = 16 * 1024;

/// A buffer sequence that is copied without allocating.
struct BufferSpan {
  const asio::const_buffer* first;
  const asio::const_buffer* last;
  [[nodiscard]] const asio::const_buffer* begin() const { return first; }
  [[nodiscard]] const asio::const_buffer* end() const { return last; }
};

}  // namespace

std::string address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

Stream::Stream(tcp::socket socket) : socket_(std::move(socket)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  if (const auto remote = socket_.remote_endpoint(ignored); !ignored) {
    remote_address_ = address_text(remote.address());
    remote_port_ = remote.port();
  }
  if (const auto local = socket_.local_endpoint(ignored); !ignored) local_port_ = local.port();
}

void Stream::use_tls(std::shared_ptr<asio::ssl::context> context) {
  context_ = std::move(context);
  tls_.emplace(socket_, *context_);
}

void Stream::handshake(asio::ssl::stream_base::handshake_type type,
                       std::function<void(const error_code&)> done) {
  tls_->async_handshake(type,
                        [self = shared_from_this(), done = std::move(done)](const error_code& ec) {
                          self->tls_ready_ = !ec;
                          done(ec);
                        });
}

void Stream::read(asio::mutable_buffer into, std::shared_ptr<StreamReader> user) {
  auto done = [self = shared_from_this(), user = std::move(user)](
                  const error_code& ec, std::size_t size) { user->on_read(ec, size); };
  if (tls_) {
    tls_->async_read_some(into, std::move(done));
  } else {
    socket_.async_read_some(into, std::move(done));
  }
}

bool Stream::write(std::span<const asio::const_buffer> buffers,
                   const std::shared_ptr<StreamWriter>& user) {
  if (writing_) {
    // The write under way points into `unwritten_`.
    log::error("net.write_overlaps", {{"remote", remote_address_}});
    asio::post(socket_.get_executor(),
               [user] { user->on_written(make_error_code(asio::error::already_started)); });
    return false;
  }
  unwritten_.assign(buffers.begin(), buffers.end());
  first_unwritten_ = 0;
  consume(0);
  if (!tls_) {
    // Tried at once: a handler, its allocation and a turn of the loop are saved when it fits.
    error_code ec;
    while (first_unwritten_ < unwritten_.size() && !ec) {
      consume(socket_.write_some(
          BufferSpan{unwritten_.data() + first_unwritten_, unwritten_.data() + unwritten_.size()},
          ec));
    }
    if (!ec) return true;
    // Other errors come back from the asynchronous attempt, on a clean stack.
  } else if (first_unwritten_ == unwritten_.size()) {
    return true;
  }
  writing_ = true;
  continue_write(user);
  return false;
}

void Stream::continue_write(std::shared_ptr<StreamWriter> user) {
  const auto* first = unwritten_.data() + first_unwritten_;
  const auto* last = unwritten_.data() + unwritten_.size();
  auto done = [self = shared_from_this(), user = std::move(user)](const error_code& ec,
                                                                  std::size_t size) mutable {
    self->consume(size);
    if (!ec && self->first_unwritten_ < self->unwritten_.size()) {
      self->continue_write(std::move(user));
      return;
    }
    self->writing_ = false;
    user->on_written(ec);
  };
  if (!tls_) {
    socket_.async_write_some(BufferSpan{first, last}, std::move(done));
    return;
  }
  // Asio gives OpenSSL only the first buffer of a sequence: a frame's header would become a record
  // and a system call of its own.
  asio::const_buffer next = *first;
  if (next.size() < kRecordBytes && last - first > 1) {
    record_.resize(kRecordBytes);
    const std::size_t size = asio::buffer_copy(asio::buffer(record_), BufferSpan{first, last});
    next = asio::buffer(record_.data(), size);
  }
  tls_->async_write_some(next, std::move(done));
}

void Stream::consume(std::size_t size) {
  bytes_written_ += size;
  while (first_unwritten_ < unwritten_.size()) {
    asio::const_buffer& front = unwritten_[first_unwritten_];
    const std::size_t taken = std::min(size, front.size());
    front += taken;
    size -= taken;
    if (front.size() > 0) return;
    ++first_unwritten_;
  }
}

void Stream::shutdown_send() {
  error_code ignored;
  if (!tls_) socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::close_politely() {
  if (tls_ && tls_ready_ && !writing_ && socket_.is_open()) {
    // Starting the shutdown writes close_notify to the socket; its completion, which would wait for
    // the peer's, is cut short by the close below.
    tls_->async_shutdown([self = shared_from_this()](const error_code&) {});
  }
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  close();
}

void Stream::close() {
  error_code ignored;
  socket_.close(ignored);
}

void Stream::reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

void Stream::limit_unsent_bytes(int bytes) {
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

}  // namespace surveillx::net
