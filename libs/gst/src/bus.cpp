#include "surveillx/gst/bus.hpp"

#include <utility>

namespace surveillx::gst {
namespace {

using Handler = std::function<void(const BusEvent&)>;

void report(const Handler& handler, GstMessage* message) {
  BusEvent event;
  event.source = GST_MESSAGE_SRC_NAME(message) != nullptr ? GST_MESSAGE_SRC_NAME(message) : "";
  Ref<GError> error;
  gchar* debug = nullptr;
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      event.kind = BusEvent::Kind::error;
      gst_message_parse_error(message, error.out(), &debug);
      break;
    case GST_MESSAGE_WARNING:
      event.kind = BusEvent::Kind::warning;
      gst_message_parse_warning(message, error.out(), &debug);
      break;
    case GST_MESSAGE_EOS:
      event.kind = BusEvent::Kind::eos;
      break;
    default:
      return;
  }
  event.detail = take_string(debug);
  if (error) event.message = error->message;
  handler(event);
}

GstBusSyncReply on_message(GstBus* /*bus*/, GstMessage* message, gpointer user_data) {
  const auto owned = adopt(message);  // Whoever answers DROP owns the message.
  const auto* handler = static_cast<Handler*>(user_data);
  if (*handler) report(*handler, message);
  return GST_BUS_DROP;
}

}  // namespace

void drain_bus(GstElement* pipeline, Handler on_event) {
  const auto bus = adopt(gst_element_get_bus(pipeline));
  gst_bus_set_sync_handler(bus.get(), on_message, new Handler(std::move(on_event)),
                           [](gpointer p) { delete static_cast<Handler*>(p); });
}

}  // namespace surveillx::gst
