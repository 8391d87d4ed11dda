#include "commands/json_text.hpp"

#include <boost/json/serialize.hpp>

#include <charconv>
#include <cmath>

namespace surveillx::app {
namespace {

void append(std::string& out, const boost::json::value& value) {
  const char* comma = "";
  switch (value.kind()) {
    case boost::json::kind::object:
      out += '{';
      for (const auto& [key, member] : value.get_object()) {
        out += comma + boost::json::serialize(boost::json::string(key)) + ':';
        append(out, member);
        comma = ",";
      }
      out += '}';
      return;
    case boost::json::kind::array:
      out += '[';
      for (const auto& element : value.get_array()) {
        out += comma;
        append(out, element);
        comma = ",";
      }
      out += ']';
      return;
    case boost::json::kind::double_: {
      const double number = value.get_double();
      // Beyond this a row of zeros helps nobody.
      if (std::isfinite(number) && std::abs(number) < 1e15) {
        char text[64];
        const auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::fixed);
        if (end.ec == std::errc()) {
          out.append(text, end.ptr);
          return;
        }
      }
      break;
    }
    default: break;
  }
  out += boost::json::serialize(value);
}

}  // namespace

std::string json_text(const boost::json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace surveillx::app
