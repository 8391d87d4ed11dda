#include "request_json.hpp"

#include <boost/json/parse.hpp>

#include <utility>

namespace surveillx::webapp {

namespace json = boost::json;

std::optional<json::object> body_object(const net::HttpRequest& request) {
  json::error_code code;
  auto value = json::parse(request.body, code);
  if (code.failed() || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::optional<std::string> text_member(const json::object& object, std::string_view name,
                                       std::size_t max) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().size() > max) {
    return std::nullopt;
  }
  return std::string(value->get_string());
}

}  // namespace surveillx::webapp
