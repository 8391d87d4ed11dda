#include "response_writer.hpp"

#include "surveillx/base/log.hpp"

#include "once_on_loop.hpp"

#include <charconv>
#include <exception>
#include <span>
#include <string_view>
#include <utility>

namespace surveillx::net {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace

/// What a source answers a question with; it may also forget to.
class ResponseWriter::Token final : public OnceOnLoop<ResponseWriter> {
 public:
  using OnceOnLoop::OnceOnLoop;
  ~Token() { answer(Error{kInternal, "nothing was given"}); }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  void answer(Result<SharedBytes> piece) {
    say([piece = std::move(piece)](ResponseWriter& writer) mutable {
      writer.given(std::move(piece));
    });
  }
};

ResponseWriter::ResponseWriter(EventLoop& loop, std::shared_ptr<Stream> stream,
                               std::chrono::milliseconds stall)
    : loop_(loop), stream_(std::move(stream)), stall_(stall), timer_(loop) {}

void ResponseWriter::send_continue() {
  const asio::const_buffer line = asio::buffer(kContinue);
  if (!stream_->write({&line, 1}, shared_from_this())) state_ = State::continuing;
}

void ResponseWriter::write(OutgoingResponse response, std::function<void(End)> done) {
  response_ = std::move(response);
  done_ = std::move(done);
  source_ = std::move(response_.source);
  given_ = 0;
  threw_ = false;
  if (state_ == State::continuing) return watch();
  send_head();
}

void ResponseWriter::send_head() {
  const std::array<asio::const_buffer, 2> buffers{
      asio::buffer(response_.head), asio::buffer(response_.body.data(), response_.body.size())};
  send(buffers);
}

void ResponseWriter::send(std::span<const asio::const_buffer> buffers) {
  state_ = State::sending;
  watch();
  if (stream_->write(buffers, shared_from_this())) sent();
}

void ResponseWriter::on_written(const error_code& ec) {
  if (state_ == State::idle) return;  // Stopped meanwhile.
  if (ec) {
    finish(End::broken);
  } else if (state_ == State::continuing) {
    state_ = State::idle;
    if (done_) send_head();
  } else {
    sent();
  }
}

void ResponseWriter::sent() {
  timer_.cancel();
  piece_ = SharedBytes();
  const bool more = source_ && !(response_.source_size && given_ == *response_.source_size);
  if (more) {
    ask();
  } else {
    finish(End::written);
  }
}

void ResponseWriter::ask() {
  state_ = State::asked;
  const auto token = std::make_shared<Token>(loop_.impl().core, weak_from_this());
  try {
    source_->next([token](Result<SharedBytes> piece) { token->answer(std::move(piece)); });
  } catch (const std::exception& e) {
    threw_ = true;  // It may have given something before.
    token->answer(Error{kInternal, e.what()});
  }
}

void ResponseWriter::given(Result<SharedBytes> piece) {
  if (state_ != State::asked) return;
  if (!piece) return fail(piece.error().message);
  if (threw_) return fail("it threw after it had given a piece");
  const bool chunked = response_.framing == OutgoingResponse::Framing::chunked;
  if (piece->empty()) {
    if (response_.source_size) return fail("it is shorter than was said");
    source_.reset();
    if (!chunked) return finish(End::written);
    const asio::const_buffer last = asio::buffer(kLastChunk);
    return send({&last, 1});
  }
  given_ += piece->size();
  if (response_.source_size && given_ > *response_.source_size) {
    return fail("it is longer than was said");
  }
  piece_ = std::move(*piece);
  const asio::const_buffer bytes = asio::buffer(piece_.data(), piece_.size());
  if (!chunked) return send({&bytes, 1});
  std::array<char, 16> digits{};
  const auto [end, ec] =
      std::to_chars(digits.data(), digits.data() + digits.size(), piece_.size(), 16);
  chunk_head_.assign(digits.data(), end).append(kLineEnd);
  const std::array<asio::const_buffer, 3> buffers{asio::buffer(chunk_head_), bytes,
                                                  asio::buffer(kLineEnd)};
  send(buffers);
}

void ResponseWriter::fail(std::string_view what) {
  log::error("http.body_source_failed", {{"error", what}, {"sent", given_}});
  source_.reset();  // It knows.
  finish(End::cut);
}

void ResponseWriter::watch() {
  timer_.start(stall_, [weak = weak_from_this(), before = stream_->bytes_written()] {
    const auto self = weak.lock();
    if (!self || !self->done_) return;
    if (self->stream_->bytes_written() == before) {
      self->finish(End::broken);
    } else {
      self->watch();
    }
  });
}

void ResponseWriter::finish(End end) {
  timer_.cancel();
  state_ = State::idle;
  // A TLS write that failed may look at its buffers once more.
  if (!stream_->writing()) response_ = {};
  const auto done = std::exchange(done_, nullptr);
  if (end == End::written) source_.reset();
  if (done) done(end);
}

void ResponseWriter::stop() {
  timer_.cancel();
  state_ = State::idle;
  done_ = nullptr;
  const auto source = std::exchange(source_, nullptr);
  if (!source) return;
  try {
    source->abandoned();
  } catch (const std::exception& e) {
    log::error("http.body_source_failed", {{"error", e.what()}});
  }
}

}  // namespace surveillx::net
