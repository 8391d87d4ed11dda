#include "surveillx/domain/types.hpp"

#include <array>
#include <utility>

namespace surveillx::domain {
namespace {

template <class E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<PhotoStatus, 3> kPhotoStatus{{{PhotoStatus::pending, "pending"},
                                              {PhotoStatus::accepted, "accepted"},
                                              {PhotoStatus::refused, "refused"}}};
constexpr Names<CameraState, 4> kCameraState{{{CameraState::connecting, "connecting"},
                                              {CameraState::live, "live"},
                                              {CameraState::stale, "stale"},
                                              {CameraState::offline, "offline"}}};
constexpr Names<FaceStatus, 3> kFaceStatus{{{FaceStatus::pending, "pending"},
                                            {FaceStatus::known, "known"},
                                            {FaceStatus::unknown, "unknown"}}};
constexpr Names<SightingKind, 3> kSightingKind{{{SightingKind::first, "first"},
                                                {SightingKind::periodic, "periodic"},
                                                {SightingKind::last, "last"}}};
constexpr Names<AttendanceStatus, 1> kAttendanceStatus{{{AttendanceStatus::present, "present"}}};
constexpr Names<Role, 3> kRole{
    {{Role::viewer, "viewer"}, {Role::operator_, "operator"}, {Role::admin, "admin"}}};

template <class E, std::size_t N>
std::string_view name_of(const Names<E, N>& names, E value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "invalid";
}

template <class E, std::size_t N>
std::optional<E> value_of(const Names<E, N>& names, std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(PhotoStatus v) { return name_of(kPhotoStatus, v); }
std::string_view to_string(CameraState v) { return name_of(kCameraState, v); }
std::string_view to_string(FaceStatus v) { return name_of(kFaceStatus, v); }
std::string_view to_string(SightingKind v) { return name_of(kSightingKind, v); }
std::string_view to_string(AttendanceStatus v) { return name_of(kAttendanceStatus, v); }
std::string_view to_string(Role v) { return name_of(kRole, v); }
std::optional<PhotoStatus> parse_photo_status(std::string_view t) { return value_of(kPhotoStatus, t); }
std::optional<CameraState> parse_camera_state(std::string_view t) { return value_of(kCameraState, t); }
std::optional<FaceStatus> parse_face_status(std::string_view t) { return value_of(kFaceStatus, t); }
std::optional<SightingKind> parse_sighting_kind(std::string_view t) {
  return value_of(kSightingKind, t);
}
std::optional<Role> parse_role(std::string_view t) { return value_of(kRole, t); }

}  // namespace surveillx::domain
