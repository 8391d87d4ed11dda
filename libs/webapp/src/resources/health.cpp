#include "surveillx/base/log.hpp"

#include "answers.hpp"
#include "resources/resources.hpp"
#include "tcp_probe.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace surveillx::webapp {
namespace {

using net::HttpRequest;
using net::HttpResponder;

/// Empty: ready. Otherwise what is missing, for the log only.
std::string what_is_missing(const ApiContext& context) {
  if (auto schema = context.store->database().check_schema(); !schema) {
    return std::string(schema.error().name.text());
  }
  // In legacy mode media talks to another server, so that nobody tells us; then its port is asked.
  if (context.config.publish.mode == config::PublishMode::legacy) {
    const bool listening =
        accepts_connections(context.config.signaling_url(), std::chrono::milliseconds(500));
    return listening ? "" : "signaling_not_listening";
  }
  const auto facts = context.live_facts();
  if (!facts.media_connected) return "media_not_connected";
  return facts.signaling_listening ? "" : "signaling_not_listening";
}

/// `/readyz` for anybody: however many ask, the database is asked by one at a time. On the loop.
class Readiness : public std::enable_shared_from_this<Readiness> {
 public:
  explicit Readiness(const ApiContext& context) : context_(context) {}

  void ask(HttpResponder respond) {
    waiting_.push_back(std::move(respond));
    // Who comes while it is being found out may have come after something changed: the next look
    // is theirs.
    if (!looking_) look();
  }

 private:
  void look() {
    const auto asked = std::make_shared<std::vector<HttpResponder>>(std::move(waiting_));
    waiting_.clear();
    looking_ = context_.system_pool.try_post([self = shared_from_this(), asked] {
      const auto reason = what_is_missing(self->context_);
      self->context_.loop.post([self, asked, reason] { self->found(*asked, reason); });
    });
    if (looking_) return;
    for (const auto& respond : *asked) respond(plain_text(503, "not ready\n"));
  }

  void found(const std::vector<HttpResponder>& asked, const std::string& reason) {
    const bool ready = reason.empty();
    // One line a change: a probe asks every few seconds.
    if (std::exchange(was_ready_, ready) != ready) {
      if (ready) {
        log::info("web.ready");
      } else {
        log::warn("web.not_ready", {{"reason", reason}});
      }
    }
    for (const auto& respond : asked) {
      respond(ready ? plain_text(200, "ready\n") : plain_text(503, "not ready\n"));
    }
    looking_ = false;
    if (!waiting_.empty()) look();
  }

  const ApiContext& context_;
  std::vector<HttpResponder> waiting_;
  bool looking_ = false;
  bool was_ready_ = true;
};

}  // namespace

void add_health(net::Router& router, const ApiContext& context) {
  context.gate.add_open(router, "GET", "/healthz", [](HttpRequest, HttpResponder respond) {
    respond(plain_text(200, "ok\n"));
  });
  const auto readiness = std::make_shared<Readiness>(context);
  context.gate.add_open(router, "GET", "/readyz", [readiness](HttpRequest, HttpResponder respond) {
    readiness->ask(std::move(respond));
  });
}

}  // namespace surveillx::webapp
