#pragma once

#include "surveillx/gst/ref.hpp"

#include <cstdint>

/// Fields of an RTP packet (RFC 3550 section 5.1), read without mapping the whole of it.
namespace surveillx::decode {

/// Bytes 4-7.
inline std::uint32_t rtp_timestamp(GstBuffer* packet) {
  std::uint8_t bytes[4] = {};
  if (gst_buffer_extract(packet, 4, bytes, sizeof bytes) != sizeof bytes) return 0;
  return GST_READ_UINT32_BE(bytes);
}

/// Bytes 2-3.
inline std::uint16_t rtp_sequence(GstBuffer* packet) {
  std::uint8_t bytes[2] = {};
  return gst_buffer_extract(packet, 2, bytes, sizeof bytes) == sizeof bytes
             ? GST_READ_UINT16_BE(bytes)
             : 0;
}

/// The SSRC, bytes 8-11.
inline std::uint32_t rtp_source(GstBuffer* packet) {
  std::uint8_t bytes[4] = {};
  return gst_buffer_extract(packet, 8, bytes, sizeof bytes) == sizeof bytes
             ? GST_READ_UINT32_BE(bytes)
             : 0;
}

/// The lower seven bits of byte 1.
inline int rtp_payload_type(GstBuffer* packet) {
  std::uint8_t byte = 0;
  return gst_buffer_extract(packet, 1, &byte, 1) == 1 ? byte & 0x7f : -1;
}

inline constexpr auto kBuffers =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);

/// Each buffer that a probe for kBuffers is shown.
template <class F>
void for_each_buffer(GstPadProbeInfo* info, F&& f) {
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
    GstBufferList* list = gst_pad_probe_info_get_buffer_list(info);
    for (guint i = 0; i < gst_buffer_list_length(list); ++i) f(gst_buffer_list_get(list, i));
  } else if (GstBuffer* buffer = gst_pad_probe_info_get_buffer(info)) {
    f(buffer);
  }
}

}  // namespace surveillx::decode
