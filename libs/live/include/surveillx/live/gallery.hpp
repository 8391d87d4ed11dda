#pragma once

#include "surveillx/live/event.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string_view>

namespace surveillx::live {

/// People, photos, cameras or tokens have changed: media looks at the database now and not only at
/// its next poll.
struct Gallery {
  static constexpr std::string_view kEvent = "gallery";

  std::int64_t revision = 0;

  [[nodiscard]] boost::json::object to_json() const;
  [[nodiscard]] static Result<Gallery> from_json(const boost::json::object& object);
  friend bool operator==(const Gallery&, const Gallery&) = default;
};

}  // namespace surveillx::live
