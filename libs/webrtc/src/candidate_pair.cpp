#include "candidate_pair.hpp"

namespace surveillx::webrtc {
namespace {

std::string text_field(const GstStructure* structure, const char* name) {
  const char* text = gst_structure_get_string(structure, name);
  return text != nullptr ? text : "";
}

std::string describe_candidate(const GstStructure* candidate) {
  guint port = 0;
  gst_structure_get_uint(candidate, "port", &port);
  auto kind = text_field(candidate, "candidate-type");
  return kind + " " + text_field(candidate, "address") + ":" + std::to_string(port) + " " +
         text_field(candidate, "protocol");
}

const GstStructure* nested(const GstStructure* reply, const std::string& id) {
  const GValue* value = gst_structure_get_value(reply, id.c_str());
  return value != nullptr && GST_VALUE_HOLDS_STRUCTURE(value) ? gst_value_get_structure(value)
                                                              : nullptr;
}

}  // namespace

CandidatePair selected_pair(const GstStructure* reply) {
  CandidatePair pair;
  for (int i = 0; i < gst_structure_n_fields(reply); ++i) {
    const auto* entry = nested(reply, gst_structure_nth_field_name(reply, static_cast<guint>(i)));
    if (entry == nullptr) continue;
    GstWebRTCStatsType type{};
    gst_structure_get(entry, "type", GST_TYPE_WEBRTC_STATS_TYPE, &type, nullptr);
    if (type != GST_WEBRTC_STATS_CANDIDATE_PAIR) continue;
    const auto* local = nested(reply, text_field(entry, "local-candidate-id"));
    const auto* remote = nested(reply, text_field(entry, "remote-candidate-id"));
    if (local != nullptr) pair.local = describe_candidate(local);
    if (remote != nullptr) pair.remote = describe_candidate(remote);
  }
  return pair;
}

}  // namespace surveillx::webrtc
