#include "surveillx/live/media_hello.hpp"

#include "surveillx/domain/node_name.hpp"

#include "reader.hpp"

#include <utility>

namespace surveillx::live {

namespace json = boost::json;

json::object EngineFacts::to_json() const {
  json::object object;
  object["name"] = name;
  object["model"] = model;
  object["trial"] = trial;
  object["notice"] = notice;
  return object;
}

Result<EngineFacts> EngineFacts::from_json(const json::object& object) {
  Reader read("engine", object);
  EngineFacts facts;
  facts.name = read.text("name");
  facts.model = read.text("model");
  facts.trial = read.flag("trial");
  facts.notice = read.text("notice");
  return read.done(std::move(facts));
}

json::object MediaHello::to_json() const {
  json::object object;
  object["version"] = version;
  if (!node.empty()) object["node"] = node;
  if (engine) object["engine"] = engine->to_json();
  if (!signaling_listening) object["signaling_listening"] = false;
  return object;
}

Result<MediaHello> MediaHello::from_json(const json::object& auth) {
  MediaHello hello;
  Reader read("auth", auth);
  hello.version = read.text("version");
  if (const auto* given = auth.if_contains("node")) {
    const auto* name = given->if_string();
    if (name == nullptr || (!name->empty() && !domain::is_node_name(*name))) {
      return Error{kMalformedNode,
                   "auth: `node` is not up to 64 letters, digits, -, _ and ., beginning with a "
                   "letter or a digit"};
    }
    hello.node = std::string(*name);
  }
  if (const auto* value = auth.if_contains("engine"); value != nullptr && value->is_object()) {
    auto engine = EngineFacts::from_json(value->get_object());
    if (engine) hello.engine = std::move(*engine);
  }
  if (const auto* told = auth.if_contains("signaling_listening")) {
    hello.signaling_listening = told->is_bool() && told->get_bool();
  }
  return hello;
}

}  // namespace surveillx::live
