#include "surveillx/store/resource_json.hpp"

#include "answers.hpp"
#include "resources/resources.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cmath>
#include <unordered_map>
#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

/// The row is the database's, how it is doing the live side's: `live::CameraReport` says that in
/// the same words to viewers.
json::object camera_json(const domain::Camera& camera, CameraStatus status,
                         const attendance::TimeZone& zone) {
  auto object = store::to_json(camera);
  status.told.fps = std::round(status.told.fps * 10) / 10;
  const auto told = status.told.to_json();
  for (const char* name : {"state", "reason", "fps", "width", "height", "codec"}) {
    object[name] = told.at(name);
  }
  object["last_frame_at"] = nullptr;
  if (status.last_frame_at) object["last_frame_at"] = zone.format_rfc3339(*status.last_frame_at);
  return object;
}

HttpResponse list_cameras(const ApiContext& context) {
  auto cameras = context.store->cameras.list();
  if (!cameras) return problem_of(cameras.error());
  auto facts = context.live_facts();
  std::unordered_map<CameraId, CameraStatus*> known;
  for (auto& status : facts.cameras) known.emplace(status.camera.id, &status);
  json::array list;
  for (const auto& camera : *cameras) {
    CameraStatus status;
    // One that was added a moment ago is in the database before the live side has heard of it.
    if (const auto found = known.find(camera.id); found != known.end()) {
      status = std::move(*found->second);
    }
    list.emplace_back(camera_json(camera, std::move(status), context.zone));
  }
  json::object answer;
  answer["cameras"] = std::move(list);
  return api_json(200, answer);
}

}  // namespace

void add_cameras(net::Router& router, const ApiContext& context) {
  context.gate.add(router, "GET", "/api/cameras", Access::viewer, context.sql_pool,
                   [&context](const HttpRequest&, const Caller&) { return list_cameras(context); });
}

}  // namespace surveillx::webapp
