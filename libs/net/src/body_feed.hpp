#pragma once

#include "surveillx/net/body_sink.hpp"

#include "asio.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace surveillx::net {

/// What stands between a connection and the sink of one request: one chunk at a time, and one end.
/// Loop thread only.
class BodyFeed final : public std::enable_shared_from_this<BodyFeed> {
 public:
  /// On the loop, never inside a call of the feed, and not after its end: the chunk was taken, or
  /// (false) the sink threw or forgot it, which the sink has then heard as a cut.
  using Taken = std::function<void(bool ok)>;

  BodyFeed(std::weak_ptr<LoopCore> loop, std::shared_ptr<BodySink> sink, Taken taken);

  /// Give no other, and do not read, until the sink has taken it.
  void give(std::string bytes);
  /// False when the sink threw.
  [[nodiscard]] bool end();
  void cut(BodyCut why);

 private:
  class Token;
  void answered(bool ok);

  std::weak_ptr<LoopCore> loop_;
  std::shared_ptr<BodySink> sink_;  ///< Null after the end.
  Taken taken_;
  bool threw_ = false;
};

/// Cuts a sink that no feed takes. Never throws.
void cut_sink(const std::shared_ptr<BodySink>& sink, BodyCut why);

}  // namespace surveillx::net
