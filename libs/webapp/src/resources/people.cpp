#include "surveillx/store/resource_json.hpp"

#include "answers.hpp"
#include "resources/resources.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <charconv>
#include <string>
#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

HttpResponse list_people(const ApiContext& context, const HttpRequest& request) {
  store::PeopleQuery query;
  query.search = std::string(request.query_value("search"));
  query.cursor = std::string(request.query_value("cursor"));
  if (query.search.size() > 200) return bad_request("search has at most 200 characters.");
  if (const auto limit = request.query_value("limit"); !limit.empty()) {
    const auto [end, code] =
        std::from_chars(limit.data(), limit.data() + limit.size(), query.limit);
    if (code != std::errc() || end != limit.data() + limit.size() || query.limit < 1 ||
        query.limit > 500) {
      return bad_request("limit is a number from 1 to 500.");
    }
  }
  auto page = context.store->people.list(query);
  if (!page) return problem_of(page.error());
  json::array list;
  for (const auto& person : page->people) list.emplace_back(store::to_json(person));
  json::object answer;
  answer["people"] = std::move(list);
  answer["next_cursor"] = nullptr;
  if (!page->next_cursor.empty()) answer["next_cursor"] = page->next_cursor;
  return api_json(200, answer);
}

}  // namespace

void add_people(net::Router& router, const ApiContext& context) {
  context.gate.add(router, "GET", "/api/people", Access::viewer, context.sql_pool,
                   [&context](const HttpRequest& request, const Caller&) {
                     return list_people(context, request);
                   });
}

}  // namespace surveillx::webapp
