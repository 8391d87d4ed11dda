#include "surveillx/stream/codec.hpp"
#include "surveillx/stream/end_reason.hpp"

namespace surveillx::stream {

std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::none:
      return "none";
    case Codec::vp8:
      return "vp8";
    case Codec::h264:
      return "h264";
  }
  return "none";
}

std::string_view encoding_name(Codec codec) {
  switch (codec) {
    case Codec::none:
      return "";
    case Codec::vp8:
      return "VP8";
    case Codec::h264:
      return "H264";
  }
  return "";
}

std::string_view to_string(EndReason reason) {
  switch (reason) {
    case EndReason::closed:
      return "closed";
    case EndReason::ice_failed:
      return "ice_failed";
    case EndReason::dtls_failed:
      return "dtls_failed";
    case EndReason::no_frames:
      return "no_frames";
    case EndReason::pipeline_error:
      return "pipeline_error";
    case EndReason::bad_sdp:
      return "bad_sdp";
    case EndReason::no_media_port:
      return "no_media_port";
  }
  return "closed";
}

}  // namespace surveillx::stream
