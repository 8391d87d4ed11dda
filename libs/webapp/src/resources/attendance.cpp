#include "surveillx/attendance/record_json.hpp"

#include "answers.hpp"
#include "resources/resources.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

constexpr int kMaxDays = 366;

HttpResponse list_attendance(const ApiContext& context, const HttpRequest& request) {
  const std::string today = context.zone.local_day(context.clock.now());
  const std::string date(request.query_value("date"));
  std::string from(request.query_value("from"));
  std::string to(request.query_value("to"));
  if (!date.empty() && (!from.empty() || !to.empty())) {
    return bad_request("Give either date, or from and to.");
  }
  if (!date.empty()) {
    from = date;
    to = date;
  }
  if (from.empty() && to.empty()) {
    from = today;
    to = today;
  }
  if (to.empty()) to = std::max(from, today);
  if (from.empty()) from = to;
  for (const auto& day : {from, to}) {
    if (!attendance::is_day(day)) {
      return HttpResponse::problem(400, attendance::kBadDay.text(),
                                   "A day is written YYYY-MM-DD and must exist.");
    }
  }
  if (from > to) return bad_request("from must not be after to.");
  if (const auto last = attendance::add_days(from, kMaxDays - 1); last && to > *last) {
    return bad_request("A range has at most 366 days.");
  }
  store::AttendanceQuery query;
  query.from = from;
  query.to = to;
  auto records = context.store->attendance.records(query);
  if (!records) return problem_of(records.error());
  json::array list;
  for (const auto& record : *records) list.emplace_back(attendance::to_json(record, context.zone));
  json::object answer;
  answer["timezone"] = context.zone.name();
  answer["today"] = today;
  answer["from"] = from;
  answer["to"] = to;
  answer["records"] = std::move(list);
  return api_json(200, answer);
}

}  // namespace

void add_attendance(net::Router& router, const ApiContext& context) {
  context.gate.add(router, "GET", "/api/attendance", Access::viewer, context.sql_pool,
                   [&context](const HttpRequest& request, const Caller&) {
                     return list_attendance(context, request);
                   });
}

}  // namespace surveillx::webapp
