#include "surveillx/net/client.hpp"

#include "client_connection.hpp"
#include "dial.hpp"
#include "tls.hpp"
#include "url.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <utility>

namespace surveillx::net {
namespace {

constexpr std::size_t kIdlePerHost = 4;

/// Repeating these does no harm (RFC 9110 section 9.2.2).
bool is_idempotent(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

/// Connections and contexts are shared between requests that trust the same.
std::string trust_key(const TlsTrust& trust) {
  return trust.ca_file + "\n" + trust.pin_sha256 + "\n" + trust.certificate_file;
}

}  // namespace

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
  using ConnectionPtr = std::shared_ptr<ClientConnection>;

  /// One request until its callback is called.
  struct Call {
    explicit Call(EventLoop& loop) : timer(loop) {}
    ClientRequest request;
    Url url;
    std::string head;
    std::string pool;  ///< What connections this request may use.
    std::function<void(Result<HttpResponse>)> done;
    Timer timer;
    std::shared_ptr<Dial> dial;
    ConnectionPtr connection;
    bool reused = false;
  };
  using CallPtr = std::shared_ptr<Call>;

  explicit Impl(EventLoop& event_loop) : loop(event_loop) {}

  void start(ClientRequest request, std::function<void(Result<HttpResponse>)> done) {
    const auto call = std::make_shared<Call>(loop);
    call->request = std::move(request);
    call->done = std::move(done);
    calls.insert(call);
    Result<Url> url = parse_url(call->request.url);
    if (!url) return fail_later(call, url.error());
    call->url = std::move(*url);
    Result<std::string> head = request_head(call->request, call->url.authority, call->url.target);
    if (!head) return fail_later(call, head.error());
    call->head = std::move(*head);
    call->pool = (call->url.tls ? "s " : "p ") + call->url.host + " " +
                 std::to_string(call->url.port) + " " + trust_key(call->request.trust);
    call->timer.start(call->request.timeout, [weak = weak_from_this(), call] {
      if (const auto self = weak.lock()) {
        self->finish(call, Error{kTimeout, call->url.host + " did not answer in time"});
      }
    });

    std::list<ConnectionPtr>& kept = idle[call->pool];
    if (kept.empty()) return dial(call);
    call->reused = true;
    call->connection = kept.front();
    kept.pop_front();
    send(call);
  }

  void dial(const CallPtr& call) {
    std::shared_ptr<asio::ssl::context> context;
    if (call->url.tls) {
      auto& cached = contexts[trust_key(call->request.trust)];
      if (!cached) {
        auto made = client_tls(call->request.trust);
        if (!made) return fail_later(call, Error{kTlsUntrusted, made.error().message});
        cached = std::move(*made);
      }
      context = cached;
    }
    call->reused = false;
    call->dial = std::make_shared<Dial>(loop, call->url, call->request.trust, std::move(context));
    call->dial->start([weak = weak_from_this(), call](Result<std::shared_ptr<Stream>> stream) {
      const auto self = weak.lock();
      if (!self || !call->done) return;
      call->dial.reset();
      if (!stream) {
        self->finish(call, stream.error());
        return;
      }
      call->connection = std::make_shared<ClientConnection>(std::move(*stream));
      self->send(call);
    });
  }

  void send(const CallPtr& call) {
    ClientConnection::Exchange exchange;
    exchange.head = call->head;
    exchange.body = call->request.body;
    exchange.head_only = call->request.method == "HEAD";
    exchange.max_body_bytes = call->request.max_body_bytes;
    call->connection->exchange(
        std::move(exchange), [weak = weak_from_this(), call](Result<HttpResponse> response) {
          const auto self = weak.lock();
          if (!self || !call->done) return;
          const ConnectionPtr connection = std::exchange(call->connection, nullptr);
          if (!response && call->reused && !connection->heard() &&
              is_idempotent(call->request.method)) {
            // The server closed a kept connection just when it was used again.
            self->dial(call);
            return;
          }
          if (connection->reusable()) {
            self->keep(call->pool, connection);
          } else {
            connection->close();
          }
          self->finish(call, std::move(response));
        });
  }

  void keep(const std::string& pool, const ConnectionPtr& connection) {
    std::list<ConnectionPtr>& kept = idle[pool];
    // The most recently used one first: the others age until their server closes them.
    kept.push_front(connection);
    connection->watch_idle([weak = weak_from_this(), pool, raw = connection.get()] {
      const auto self = weak.lock();
      if (!self) return;
      self->idle[pool].remove_if([raw](const ConnectionPtr& c) {
        if (c.get() != raw) return false;
        c->close();
        return true;
      });
    });
    if (kept.size() > kIdlePerHost) {
      kept.back()->close();
      kept.pop_back();
    }
  }

  void fail_later(const CallPtr& call, const Error& error) {
    loop.post([weak = weak_from_this(), call, error] {
      if (const auto self = weak.lock()) self->finish(call, error);
    });
  }

  void finish(const CallPtr& call, Result<HttpResponse> result) {
    if (!call->done) return;
    calls.erase(call);
    release(call);
    const auto done = std::exchange(call->done, nullptr);
    done(std::move(result));
  }

  static void release(const CallPtr& call) {
    call->timer.cancel();
    if (call->dial) call->dial->cancel();
    if (call->connection) call->connection->close();
    call->dial.reset();
    call->connection.reset();
  }

  void cancel_all() {
    for (auto& [pool, kept] : idle) {
      for (const ConnectionPtr& connection : kept) connection->close();
    }
    idle.clear();
    for (const CallPtr& call : std::exchange(calls, {})) {
      release(call);
      loop.post([done = std::exchange(call->done, nullptr)] {
        done(Error{kUnavailable, "the client was closed"});
      });
    }
  }

  EventLoop& loop;
  std::set<CallPtr> calls;
  std::map<std::string, std::list<ConnectionPtr>> idle;
  std::map<std::string, std::shared_ptr<asio::ssl::context>> contexts;
};

HttpClient::HttpClient(EventLoop& loop) : impl_(std::make_shared<Impl>(loop)) {}

HttpClient::~HttpClient() { impl_->cancel_all(); }

void HttpClient::request(ClientRequest request, std::function<void(Result<HttpResponse>)> done) {
  impl_->start(std::move(request), std::move(done));
}

}  // namespace surveillx::net
