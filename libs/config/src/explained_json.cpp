#include "surveillx/config/explained_json.hpp"

#include <string_view>

namespace surveillx::config {
namespace {

std::string_view name_of(Source source) {
  switch (source) {
    case Source::default_:
      return "default";
    case Source::file:
      return "file";
    case Source::environment:
      return "environment";
    case Source::command_line:
      return "command_line";
    case Source::derived:
      return "derived";
  }
  return "default";
}

}  // namespace

boost::json::object to_json(const Explained& explained) {
  boost::json::object object;
  object["key"] = explained.key;
  object["value"] = nullptr;
  if (!explained.secret) object["value"] = explained.value;
  object["secret"] = explained.secret;
  object["set"] = !explained.value.empty();
  object["source"] = name_of(explained.source);
  object["origin"] = explained.origin;
  object["needs_restart"] = explained.needs_restart;
  return object;
}

}  // namespace surveillx::config
