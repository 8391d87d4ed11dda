#include "surveillx/live/gallery.hpp"

#include "reader.hpp"

namespace surveillx::live {

namespace json = boost::json;

json::object Gallery::to_json() const {
  json::object object;
  object["revision"] = revision;
  return object;
}

Result<Gallery> Gallery::from_json(const json::object& object) {
  Reader read(kEvent, object);
  return read.done(Gallery{read.whole("revision")});
}

}  // namespace surveillx::live
