#pragma once

#include "surveillx/domain/viewer_scope.hpp"
#include "surveillx/live/attendance.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"
#include "surveillx/socketio/event.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Events on their way to many viewers: each form is made when the first viewer needs it, and
/// shared by all who may see the same. What an event is made of has to outlive it. Loop thread.
namespace surveillx::webapp {

/// How an event becomes what viewers share.
using Encode =
    std::function<socketio::EncodedEventPtr(std::string_view, const socketio::Arguments&)>;
/// The group that a person is in; nothing when that is not known.
using GroupOf = std::function<std::optional<std::string>(const PersonId&)>;

class OutgoingFrame {
 public:
  OutgoingFrame(const live::Frame& frame, const Encode& encode) : frame_(frame), encode_(encode) {}
  const socketio::EncodedEventPtr& binary();
  const socketio::EncodedEventPtr& base64();

 private:
  const live::Frame& frame_;
  const Encode& encode_;
  socketio::EncodedEventPtr binary_;
  socketio::EncodedEventPtr base64_;
};

/// Whom a viewer may not see is `unknown` to it, as a stranger would be: the face is in the picture
/// anyway.
class OutgoingDetection {
 public:
  OutgoingDetection(const live::Detection& detection, const GroupOf& group_of, const Encode& encode)
      : detection_(detection), group_of_(group_of), encode_(encode) {}
  const socketio::EncodedEventPtr& for_scope(const domain::ViewerScope& scope);

 private:
  using Hidden = std::vector<bool>;  ///< Which faces.
  [[nodiscard]] Hidden hidden_from(const domain::ViewerScope& scope) const;

  const live::Detection& detection_;
  const GroupOf& group_of_;
  const Encode& encode_;
  std::map<Hidden, socketio::EncodedEventPtr> forms_;
};

/// Of somebody whom a viewer may not see there is nothing for it; a camera that it may not see is
/// not named.
class OutgoingAttendance {
 public:
  /// `camera`: the one the event names; null when it names none, or none that is known.
  OutgoingAttendance(const live::Attendance& attendance, const domain::Camera* camera,
                     const GroupOf& group_of, const Encode& encode)
      : attendance_(attendance), camera_(camera), group_of_(group_of), encode_(encode) {}
  /// Null: nothing.
  socketio::EncodedEventPtr for_scope(const domain::ViewerScope& scope);

 private:
  const live::Attendance& attendance_;
  const domain::Camera* camera_;
  const GroupOf& group_of_;
  const Encode& encode_;
  socketio::EncodedEventPtr whole_;
  socketio::EncodedEventPtr without_camera_;
};

}  // namespace surveillx::webapp
