#include "surveillx/config/hide_password.hpp"

#include "answers.hpp"
#include "resources/resources.hpp"

#include <boost/json/object.hpp>

#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

HttpResponse system_facts(const ApiContext& context) {
  const auto facts = context.live_facts();
  const bool legacy = context.config.publish.mode == config::PublishMode::legacy;
  json::object answer;
  answer["version"] = context.version;
  answer["timezone"] = context.zone.name();
  answer["today"] = context.zone.local_day(context.clock.now());
  answer["engine"] = nullptr;
  if (facts.engine) answer["engine"] = facts.engine->to_json();
  json::object publish;
  publish["mode"] = legacy ? "legacy" : "internal";
  publish["url"] = legacy ? config::hide_password(context.config.publish.url) : "";
  answer["publish"] = std::move(publish);
  answer["media_connected"] = facts.media_connected;
  json::object database;
  database["kind"] = store::to_string(context.store->database().kind());
  answer["database"] = std::move(database);
  return api_json(200, answer);
}

}  // namespace

void add_system(net::Router& router, const ApiContext& context) {
  context.gate.add(router, "GET", "/api/system", Access::viewer, context.sql_pool,
                   [&context](const HttpRequest&, const Caller&) { return system_facts(context); });
}

}  // namespace surveillx::webapp
