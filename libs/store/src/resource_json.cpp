#include "surveillx/store/resource_json.hpp"

#include <utility>

namespace surveillx::store {

namespace json = boost::json;

json::object to_json(const domain::Camera& camera) {
  json::object object;
  object["id"] = camera.id.str();
  object["number"] = camera.number;
  object["name"] = camera.name;
  return object;
}

json::object to_json(const CameraWithToken& camera) {
  auto object = to_json(camera.camera);
  object["token"] = camera.token;
  return object;
}

json::object to_json(const domain::Person& person) {
  json::object object;
  object["id"] = person.id.str();
  object["name"] = person.name;
  object["external_id"] = person.external_id;
  object["group"] = person.group;
  return object;
}

json::object to_json(const PersonSummary& person) {
  json::object photos;
  photos["accepted"] = person.photos.accepted;
  photos["pending"] = person.photos.pending;
  photos["refused"] = person.photos.refused;
  auto object = to_json(person.person);
  object["photos"] = std::move(photos);
  return object;
}

json::object to_json(const domain::User& user) {
  json::object object;
  object["id"] = user.id.str();
  object["username"] = user.username;
  object["role"] = domain::to_string(user.role);
  return object;
}

}  // namespace surveillx::store
