#pragma once

#include "surveillx/base/bytes.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::socketio {

/// The arguments of an event or acknowledgement. Binary parts are `{"_placeholder":true,"num":N}`
/// in `args`, as on the wire, and stand in `attachments[N]` (Socket.IO 5).
struct Arguments {
  boost::json::array args;
  std::vector<SharedBytes> attachments;
};

/// The one argument that most events have.
[[nodiscard]] Arguments one_object(boost::json::object object);
/// That argument; null when there are more, none, or something else.
[[nodiscard]] const boost::json::object* only_object(const Arguments& arguments);

/// Appends `bytes` to `attachments` and returns the placeholder to put into `args`.
[[nodiscard]] boost::json::value attach(Arguments& to, SharedBytes bytes);
/// The bytes behind a placeholder, or null when `value` is not one or points nowhere.
[[nodiscard]] const SharedBytes* attachment(const Arguments& from, const boost::json::value& value);

/// An event serialised once for every viewer of a namespace, in the forms that transports need.
/// Immutable; shared between connections.
class EncodedEvent;
using EncodedEventPtr = std::shared_ptr<const EncodedEvent>;
[[nodiscard]] EncodedEventPtr encode_event(std::string_view name_space, std::string_view event,
                                           const Arguments& arguments);

}  // namespace surveillx::socketio
