#include "surveillx/base/log.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/store/resource_json.hpp"

#include "answers.hpp"
#include "resources/resources.hpp"

#include <boost/json/object.hpp>

#include <chrono>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

HttpResponse logout(const ApiContext& context, const HttpRequest& request, const Caller& caller) {
  if (auto done = context.store->sessions.revoke(caller.session.id); !done) {
    return problem_of(done.error());
  }
  context.loop.post([live = context.live, id = caller.session.id] {
    if (const auto target = live()) target->drop_session(id);
  });
  log::info("auth.signed_out", {{"user", caller.session.user.username}});
  auto response = api_done();
  response.headers.add("Set-Cookie",
                       context.gate.session_cookie(request, "", std::chrono::seconds(0)));
  return response;
}

HttpResponse me(const ApiContext& context, const Caller& caller) {
  json::object answer;
  answer["user"] = store::to_json(caller.session.user);
  answer["csrf_token"] = crypto::derived_token(caller.token, "csrf");
  answer["expires_at"] = context.zone.format_rfc3339(caller.session.expires_at);
  return api_json(200, answer);
}

}  // namespace

void add_session(net::Router& router, const ApiContext& context) {
  context.gate.add(router, "POST", "/api/auth/logout", Access::viewer, context.sql_pool,
                   [&context](const HttpRequest& request, const Caller& caller) {
                     return logout(context, request, caller);
                   });
  context.gate.add(
      router, "GET", "/api/auth/me", Access::viewer, context.sql_pool,
      [&context](const HttpRequest&, const Caller& caller) { return me(context, caller); });
}

}  // namespace surveillx::webapp
