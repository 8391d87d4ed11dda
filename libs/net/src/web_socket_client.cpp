#include "surveillx/net/client.hpp"

#include "client_connection.hpp"
#include "dial.hpp"
#include "http_text.hpp"
#include "tls.hpp"
#include "url.hpp"
#include "web_socket_connection.hpp"

#include <openssl/rand.h>

#include <array>
#include <utility>

namespace surveillx::net {
namespace {

/// What a server may say while it refuses; more is of no use in a message.
constexpr std::size_t kMaxRefusalBytes = 64 * 1024;

/// One attempt to open a WebSocket. Kept alive by its timer and whatever it waits for.
class Opening : public LoopBound, public std::enable_shared_from_this<Opening> {
 public:
  using Done = std::function<void(Result<WebSocketPtr>)>;

  Opening(EventLoop& loop, ClientRequest request, WebSocketOptions options, Done done)
      : loop_(loop),
        request_(std::move(request)),
        options_(options),
        done_(std::move(done)),
        timer_(loop) {}

  void loop_gone() override {
    const auto self = shared_from_this();  // What is let go of here may hold the last reference.
    done_ = nullptr;
    give_up();
  }

  void start() {
    loop_.impl().core->bound.insert(this);
    Result<Url> url = parse_url(request_.url);
    if (!url) return fail_later(url.error());
    url_ = std::move(*url);
    std::shared_ptr<asio::ssl::context> context;
    if (url_.tls) {
      auto made = client_tls(request_.trust);
      if (!made) return fail_later(Error{kTlsUntrusted, made.error().message});
      context = std::move(*made);
    }
    std::array<std::uint8_t, 16> nonce{};
    RAND_bytes(nonce.data(), static_cast<int>(nonce.size()));
    key_ = base64_encode(nonce);
    request_.method = "GET";
    request_.body = SharedBytes();
    request_.headers.set("Upgrade", "websocket");
    request_.headers.set("Connection", "Upgrade");
    request_.headers.set("Sec-WebSocket-Version", "13");
    request_.headers.set("Sec-WebSocket-Key", key_);
    Result<std::string> head = request_head(request_, url_.authority, url_.target);
    if (!head) return fail_later(head.error());
    head_ = std::move(*head);

    timer_.start(request_.timeout, [self = shared_from_this()] {
      self->give_up();
      self->finish(Error{kTimeout, self->url_.host + " did not answer in time"});
    });
    dial(std::move(context), [self = shared_from_this()](auto stream) {
      if (stream) {
        self->ask(std::move(*stream));
      } else {
        self->finish(stream.error());
      }
    });
  }

 private:
  using Dialled = Result<std::shared_ptr<Stream>>;

  void dial(std::shared_ptr<asio::ssl::context> context, std::function<void(Dialled)> done) {
    dial_ = std::make_shared<Dial>(loop_, url_, request_.trust, std::move(context));
    dial_->start([self = shared_from_this(), done = std::move(done)](Dialled stream) {
      self->dial_.reset();
      done(std::move(stream));
    });
  }

  void ask(std::shared_ptr<Stream> stream) {
    connection_ = std::make_shared<ClientConnection>(std::move(stream));
    ClientConnection::Exchange exchange;
    exchange.head = std::move(head_);
    exchange.max_body_bytes = kMaxRefusalBytes;
    connection_->exchange(std::move(exchange),
                          [self = shared_from_this()](Result<HttpResponse> response) {
                            self->answered(std::move(response));
                          });
  }

  void answered(Result<HttpResponse> response) {
    const auto connection = std::exchange(connection_, nullptr);
    if (!response) {
      connection->close();
      no_answer(Error{kConnectFailed, response.error().message});
      return;
    }
    const Headers& headers = response->headers;
    if (response->status != 101 || !has_token(headers.get("Upgrade"), "websocket") ||
        !has_token(headers.get("Connection"), "upgrade") ||
        headers.get("Sec-WebSocket-Accept") != web_socket::accept_key(key_) ||
        headers.has("Sec-WebSocket-Extensions")) {
      connection->close();
      finish(refusal(response->status));
      return;
    }
    WebSocketConnection::Setup setup;
    setup.received = connection->take_received();
    setup.stream = connection->take_stream();
    setup.role = WebSocketConnection::Role::client;
    setup.options = options_;
    const auto socket = WebSocketConnection::create(loop_, std::move(setup));
    finish(WebSocketPtr(socket));
    socket->start();
  }

  [[nodiscard]] static Error refusal(int status) {
    const std::string said =
        "the server answered HTTP " + std::to_string(status) + " " + reason_phrase(status);
    if (status == 404) return Error{kNotFound, said};
    if (status >= 200 && status < 400) return Error{kNotWebSocket, said + ", not with a WebSocket"};
    return Error{kUpgradeRefused, said};
  }

  /// A server of TLS hangs up on what is not TLS, mostly without a word. Whether that is what has
  /// happened is tried, since it can be told in no other way.
  void no_answer(const Error& error) {
    auto context = url_.tls ? Result<std::shared_ptr<asio::ssl::context>>(error)
                            : client_tls(request_.trust);
    if (!context) {
      finish(error);
      return;
    }
    dial(std::move(*context), [self = shared_from_this(), error](Dialled stream) {
      // To find its certificate untrusted a handshake must have taken place.
      const bool tls = stream || stream.error().is(kTlsUntrusted);
      if (stream) (*stream)->close();
      self->finish(tls ? Error{kTlsExpected, "the server at " + self->url_.authority +
                                                 " speaks TLS only"}
                       : error);
    });
  }

  void fail_later(const Error& error) {
    loop_.post([self = shared_from_this(), error] { self->finish(error); });
  }

  void give_up() {
    timer_.cancel();
    if (dial_) dial_->cancel();
    if (connection_) connection_->close();
    dial_.reset();
    connection_.reset();
  }

  void finish(Result<WebSocketPtr> result) {
    loop_.impl().core->bound.erase(this);
    timer_.cancel();
    if (const Done done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  EventLoop& loop_;
  ClientRequest request_;
  const WebSocketOptions options_;
  Done done_;
  Timer timer_;
  Url url_;
  std::string key_;
  std::string head_;
  std::shared_ptr<Dial> dial_;
  std::shared_ptr<ClientConnection> connection_;
};

}  // namespace

void connect_web_socket(EventLoop& loop, ClientRequest request, WebSocketOptions options,
                        std::function<void(Result<WebSocketPtr>)> done) {
  std::make_shared<Opening>(loop, std::move(request), options, std::move(done))->start();
}

}  // namespace surveillx::net
