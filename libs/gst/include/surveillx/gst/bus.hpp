#pragma once

#include "surveillx/gst/ref.hpp"

#include <functional>
#include <string>

namespace surveillx::gst {

struct BusEvent {
  enum class Kind { error, warning, eos };
  Kind kind = Kind::error;
  std::string source;   ///< Name of the element.
  std::string message;  ///< GStreamer's sentence.
  std::string detail;   ///< Its debug text: file, function, reason.
};

/// Empties the pipeline's bus for good: a sync handler reports errors, warnings and end of stream
/// to `on_event` (which may be empty) and drops every message: an undrained bus keeps whole
/// webrtcbins alive through the messages' sources. `on_event` runs on the posting thread, often a
/// streaming thread: copy, post, return. It lives as long as the bus.
void drain_bus(GstElement* pipeline, std::function<void(const BusEvent&)> on_event);

}  // namespace surveillx::gst
