#include "surveillx/config/explained_json.hpp"

#include "answers.hpp"
#include "resources/resources.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

/// As this process has read it: media and the command line may have been given other flags.
HttpResponse list_settings(const ApiContext& context) {
  json::array list;
  for (const auto& key : config::explain(context.config)) list.emplace_back(config::to_json(key));
  json::object answer;
  answer["settings"] = std::move(list);
  return api_json(200, answer);
}

}  // namespace

void add_settings(net::Router& router, const ApiContext& context) {
  context.gate.add(
      router, "GET", "/api/settings", Access::admin, context.sql_pool,
      [&context](const HttpRequest&, const Caller&) { return list_settings(context); });
}

}  // namespace surveillx::webapp
