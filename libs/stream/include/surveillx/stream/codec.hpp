#pragma once

#include <string_view>

namespace surveillx::stream {

/// The codecs that cameras send and viewers get.
enum class Codec { none, vp8, h264 };
/// `vp8`, for logs.
[[nodiscard]] std::string_view to_string(Codec codec);
/// `VP8` and `H264` as SDP and our wire write them; empty for none.
[[nodiscard]] std::string_view encoding_name(Codec codec);

}  // namespace surveillx::stream
