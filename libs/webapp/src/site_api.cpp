#include "api.hpp"

#include "surveillx/attendance/record_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

constexpr int kMaxDays = 366;

json::value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}

HttpResponse list_cameras(const ApiParts& parts) {
  auto cameras = parts.store->cameras.list();
  if (!cameras) return problem_of(cameras.error());
  std::unordered_map<CameraId, CameraStatus> known;
  for (auto& status : parts.live_facts().cameras) known.emplace(status.camera.id, status);
  json::array list;
  for (const auto& camera : *cameras) {
    CameraStatus status;
    // One that was added a moment ago is in the database before the live side has heard of it.
    if (const auto found = known.find(camera.id); found != known.end()) status = found->second;
    json::object item;
    item["id"] = camera.id.str();
    item["number"] = camera.number;
    item["name"] = camera.name;
    item["state"] = domain::to_string(status.told.state);
    item["reason"] = text_or_null(status.told.reason);
    item["fps"] = std::round(status.told.fps * 10) / 10;
    item["width"] = status.told.width;
    item["height"] = status.told.height;
    item["codec"] = status.told.codec;
    item["last_frame_at"] = nullptr;
    if (status.last_frame_at) {
      item["last_frame_at"] = parts.zone.format_rfc3339(*status.last_frame_at);
    }
    list.emplace_back(std::move(item));
  }
  json::object answer;
  answer["cameras"] = std::move(list);
  return api_json(200, json::serialize(answer));
}

HttpResponse list_attendance(const ApiParts& parts, const HttpRequest& request) {
  const std::string today = parts.zone.local_day(parts.clock.now());
  const std::string date(request.query_value("date"));
  std::string from(request.query_value("from"));
  std::string to(request.query_value("to"));
  if (!date.empty() && (!from.empty() || !to.empty())) {
    return HttpResponse::problem(400, "bad_request", "Give either date, or from and to.");
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
  if (from > to) return HttpResponse::problem(400, "bad_request", "from must not be after to.");
  if (const auto last = attendance::add_days(from, kMaxDays - 1); last && to > *last) {
    return HttpResponse::problem(400, "bad_request", "A range has at most 366 days.");
  }
  store::AttendanceQuery query;
  query.from = from;
  query.to = to;
  auto records = parts.store->attendance.records(query);
  if (!records) return problem_of(records.error());
  json::array list;
  for (const auto& record : *records) list.emplace_back(attendance::to_json(record, parts.zone));
  json::object answer;
  answer["timezone"] = parts.zone.name();
  answer["today"] = today;
  answer["from"] = from;
  answer["to"] = to;
  answer["records"] = std::move(list);
  return api_json(200, json::serialize(answer));
}

HttpResponse list_people(const ApiParts& parts, const HttpRequest& request) {
  store::PeopleQuery query;
  query.search = std::string(request.query_value("search"));
  query.cursor = std::string(request.query_value("cursor"));
  if (query.search.size() > 200) {
    return HttpResponse::problem(400, "bad_request", "search has at most 200 characters.");
  }
  if (const auto limit = request.query_value("limit"); !limit.empty()) {
    const auto [end, code] =
        std::from_chars(limit.data(), limit.data() + limit.size(), query.limit);
    if (code != std::errc() || end != limit.data() + limit.size() || query.limit < 1 ||
        query.limit > 500) {
      return HttpResponse::problem(400, "bad_request", "limit is a number from 1 to 500.");
    }
  }
  auto page = parts.store->people.list(query);
  if (!page) return problem_of(page.error());
  json::array list;
  for (const auto& [person, photos] : page->people) {
    json::object counts;
    counts["accepted"] = photos.accepted;
    counts["pending"] = photos.pending;
    counts["refused"] = photos.refused;
    json::object item;
    item["id"] = person.id.str();
    item["name"] = person.name;
    item["external_id"] = person.external_id;
    item["group"] = person.group;
    item["photos"] = std::move(counts);
    list.emplace_back(std::move(item));
  }
  json::object answer;
  answer["people"] = std::move(list);
  answer["next_cursor"] = text_or_null(page->next_cursor);
  return api_json(200, json::serialize(answer));
}

HttpResponse system_facts(const ApiParts& parts) {
  const auto facts = parts.live_facts();
  const bool legacy = parts.config.publish.mode == config::PublishMode::legacy;
  json::object answer;
  answer["version"] = parts.version;
  answer["timezone"] = parts.zone.name();
  answer["today"] = parts.zone.local_day(parts.clock.now());
  answer["engine"] = nullptr;
  if (facts.engine) answer["engine"] = facts.engine->to_json();
  json::object publish;
  publish["mode"] = legacy ? "legacy" : "internal";
  publish["url"] = legacy ? parts.config.publish.url : "";
  answer["publish"] = std::move(publish);
  answer["media_connected"] = facts.media_connected;
  json::object database;
  database["kind"] = store::to_string(parts.store->database().kind());
  answer["database"] = std::move(database);
  return api_json(200, json::serialize(answer));
}

}  // namespace

void add_site_routes(net::Router& router, const ApiParts& parts) {
  auto& gate = parts.gate;
  gate.add(router, "GET", "/api/cameras", Access::viewer, parts.sql_pool,
           [&parts](const HttpRequest&, const Caller&) { return list_cameras(parts); });
  gate.add(router, "GET", "/api/attendance", Access::viewer, parts.sql_pool,
           [&parts](const HttpRequest& request, const Caller&) {
             return list_attendance(parts, request);
           });
  gate.add(
      router, "GET", "/api/people", Access::viewer, parts.sql_pool,
      [&parts](const HttpRequest& request, const Caller&) { return list_people(parts, request); });
  gate.add(router, "GET", "/api/system", Access::viewer, parts.sql_pool,
           [&parts](const HttpRequest&, const Caller&) { return system_facts(parts); });
}

}  // namespace surveillx::webapp
