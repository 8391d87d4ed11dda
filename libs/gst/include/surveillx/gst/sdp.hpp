#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/gst/ref.hpp"

#include <string>

namespace surveillx::gst {

inline constexpr ErrorName kBadSdp{"bad_sdp"};

/// Parses SDP text (RFC 8866). `bad_sdp` when it is not SDP.
[[nodiscard]] Result<Ref<GstSDPMessage>> parse_sdp(const std::string& text);
[[nodiscard]] std::string to_text(const GstSDPMessage* sdp);
/// A description that owns a parsed copy of the text. `bad_sdp`.
[[nodiscard]] Result<Ref<GstWebRTCSessionDescription>> description(GstWebRTCSDPType type,
                                                                   const std::string& text);
/// The `offer` or `answer` in a promise's reply as text, or empty.
[[nodiscard]] std::string description_text(const GstStructure* reply, const char* field);
/// A webrtcbin property such as `local-description` as text, or empty when it is not set.
[[nodiscard]] std::string description_property(GstElement* webrtcbin, const char* property);

}  // namespace surveillx::gst
