#include "body_feed.hpp"

#include "surveillx/base/log.hpp"

#include "once_on_loop.hpp"

#include <array>
#include <exception>
#include <utility>

namespace surveillx::net {

std::string_view name_of(BodyCut why) {
  static constexpr std::array<std::string_view, 8> kNames{"peer_gone", "too_slow", "too_large",
                                                          "malformed", "answered", "surplus",
                                                          "failed",    "closing"};
  return kNames.at(static_cast<std::size_t>(why));
}

void cut_sink(const std::shared_ptr<BodySink>& sink, BodyCut why) {
  try {
    sink->cut(why);
  } catch (const std::exception& e) {
    log::error("http.body_sink_failed", {{"cut", name_of(why)}, {"error", e.what()}});
  }
}

/// One chunk's `taken`, which a sink may also forget.
class BodyFeed::Token final : public OnceOnLoop<BodyFeed> {
 public:
  using OnceOnLoop::OnceOnLoop;
  ~Token() { answer(false); }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  void answer(bool ok) {
    say([ok](BodyFeed& feed) { feed.answered(ok); });
  }
};

BodyFeed::BodyFeed(std::weak_ptr<LoopCore> loop, std::shared_ptr<BodySink> sink, Taken taken)
    : loop_(std::move(loop)), sink_(std::move(sink)), taken_(std::move(taken)) {}

void BodyFeed::give(std::string bytes) {
  if (!sink_) return;
  const auto token = std::make_shared<Token>(loop_, weak_from_this());
  try {
    sink_->chunk(SharedBytes(std::move(bytes)), [token] { token->answer(true); });
  } catch (const std::exception& e) {
    log::error("http.body_sink_failed", {{"error", e.what()}});
    threw_ = true;  // It may have said `taken` before.
    token->answer(false);
  }
}

bool BodyFeed::end() {
  const std::shared_ptr<BodySink> sink = std::exchange(sink_, nullptr);
  if (!sink) return true;
  try {
    sink->end();
    return true;
  } catch (const std::exception& e) {
    log::error("http.body_sink_failed", {{"error", e.what()}});
    return false;
  }
}

void BodyFeed::cut(BodyCut why) {
  if (const auto sink = std::exchange(sink_, nullptr)) cut_sink(sink, why);
}

void BodyFeed::answered(bool ok) {
  if (!sink_) return;
  ok = ok && !threw_;
  if (!ok) cut(BodyCut::failed);
  taken_(ok);
}

}  // namespace surveillx::net
