#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/clock.hpp"
#include "surveillx/domain/ids.hpp"
#include "surveillx/live/event.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace surveillx::live {

/// One picture of a camera at one width. The JPEG is shared, not copied.
struct Frame {
  static constexpr std::string_view kEvent = "frame";

  CameraId camera_id;
  std::int64_t seq = 0;      ///< Counts decoded frames of a session from 1.
  UnixMillis timestamp{};    ///< When the frame's last RTP packet reached media.
  std::optional<UnixMillis> server_time;  ///< When web queued it; web alone says so.
  int width = 0;
  int height = 0;
  SharedBytes jpeg;

  /// `picture` stands for the JPEG: the placeholder of an attachment, or base64.
  [[nodiscard]] boost::json::object to_json(boost::json::value picture) const;

  /// The bytes a placeholder stands for; null when it is none.
  using FindBytes = std::function<const SharedBytes*(const boost::json::value& picture)>;
  /// As media sends it: with an attachment that is not empty, and without `server_time`.
  [[nodiscard]] static Result<Frame> from_json(const boost::json::object& object,
                                               const FindBytes& find_bytes);
};

}  // namespace surveillx::live
