#include "surveillx/base/log.hpp"

#include "answers.hpp"
#include "request_json.hpp"
#include "resources/resources.hpp"

#include <chrono>
#include <optional>

namespace surveillx::webapp {
namespace {

using net::HttpRequest;
using net::HttpResponse;

HttpResponse change_password(const ApiContext& context, const HttpRequest& request,
                             const Caller& caller) {
  const auto body = body_object(request);
  const auto current = body ? text_member(*body, "current_password", kMaxPassword) : std::nullopt;
  const auto next = body ? text_member(*body, "new_password", kMaxPassword) : std::nullopt;
  if (!current || !next) {
    return bad_request("The body must be {\"current_password\": text, \"new_password\": text}.");
  }
  const auto& user = caller.session.user;
  // A stolen session must not become a way to try passwords without limit.
  std::optional<std::chrono::seconds> wait;
  const LoginSource source{request.remote_address, caller.session.id};
  context.loop.run_sync([&] { wait = context.throttle.start(user.username, source); });
  if (wait) return too_many_attempts(*wait);
  auto verified = context.store->users.verify(user.username, *current);
  if (!verified) {
    const bool wrong = verified.error().is(store::kBadCredentials);
    if (wrong) {
      return HttpResponse::problem(403, "bad_credentials", "The current password is wrong.");
    }
    context.loop.run_sync([&] { context.throttle.undecided(user.username, source); });
    return problem_of(verified.error());
  }
  context.loop.run_sync([&] { context.throttle.succeeded(user.username, source); });
  if (auto done = context.store->users.set_password(user.id, *next, caller.session.id); !done) {
    return problem_of(done.error());
  }
  context.loop.post([live = context.live, id = user.id, keep = caller.session.id] {
    if (const auto target = live()) target->drop_user(id, keep);
  });
  log::info("auth.password_changed", {{"user", user.username}});
  return api_done();
}

}  // namespace

void add_password(net::Router& router, const ApiContext& context) {
  context.gate.add(router, "POST", "/api/auth/password", Access::viewer, context.password_pool,
                   [&context](const HttpRequest& request, const Caller& caller) {
                     return change_password(context, request, caller);
                   });
}

}  // namespace surveillx::webapp
