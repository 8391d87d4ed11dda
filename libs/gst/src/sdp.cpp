#include "surveillx/gst/sdp.hpp"

#include <string_view>

namespace surveillx::gst {
namespace {

/// GStreamer's parser skips lines it does not understand, so that any text at all would pass.
bool looks_like_sdp(std::string_view text) {
  if (!text.starts_with("v=0")) return false;
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    const auto line = text.substr(0, end);
    if (!line.empty() && (line.size() < 2 || line[1] != '=')) return false;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace

Result<Ref<GstSDPMessage>> parse_sdp(const std::string& text) {
  GstSDPMessage* raw = nullptr;
  if (!looks_like_sdp(text) || gst_sdp_message_new_from_text(text.c_str(), &raw) != GST_SDP_OK) {
    return Error{kBadSdp, "the text is not a session description (RFC 8866)"};
  }
  return adopt(raw);
}

std::string to_text(const GstSDPMessage* sdp) { return take_string(gst_sdp_message_as_text(sdp)); }

Result<Ref<GstWebRTCSessionDescription>> description(GstWebRTCSDPType type,
                                                     const std::string& text) {
  auto sdp = parse_sdp(text);
  if (!sdp) return sdp.error();
  return adopt(gst_webrtc_session_description_new(type, sdp->release()));
}

std::string description_text(const GstStructure* reply, const char* field) {
  if (reply == nullptr || gst_structure_has_field(reply, field) == FALSE) return {};
  Ref<GstWebRTCSessionDescription> found;
  gst_structure_get(reply, field, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, found.out(), nullptr);
  return found ? to_text(found->sdp) : std::string();
}

std::string description_property(GstElement* webrtcbin, const char* property) {
  Ref<GstWebRTCSessionDescription> found;
  g_object_get(webrtcbin, property, found.out(), nullptr);
  return found ? to_text(found->sdp) : std::string();
}

}  // namespace surveillx::gst
