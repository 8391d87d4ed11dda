#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/ids.hpp"

/// The plain words of the product, shared by every library. No behaviour beyond names.
namespace surveillx::domain {

/// A rectangle in 0..1 of the picture's width and height: left, top, width, height.
struct Box {
  double x = 0;
  double y = 0;
  double w = 0;
  double h = 0;
  friend bool operator==(const Box&, const Box&) = default;
};

struct Person {
  PersonId id;
  std::string name;
  std::string external_id;  ///< The school's or company's own number; empty when there is none.
  std::string group;        ///< Class or department; empty when there is none.
  UnixMillis created_at{};
};

enum class PhotoStatus { pending, accepted, refused };

/// An enrolment photo. Its bytes and its embedding are kept encrypted by the store.
struct Photo {
  PhotoId id;
  PersonId person_id;
  std::string file_name;
  PhotoStatus status = PhotoStatus::pending;
  std::string reason;  ///< Why it was refused: `no_face`, `several_faces`, ...; else empty.
  UnixMillis created_at{};
  std::optional<PersonId> like;  ///< Whom a photo refused as `looks_like` looks like.
};

struct Camera {
  CameraId id;
  std::int64_t number = 0;  ///< Small and unique; what legacy publishing calls `camera_id`.
  std::string name;
  UnixMillis created_at{};
  std::string group = {};  ///< Empty when there is none, as long as the database keeps no groups.
};

/// Connecting until the first decoded frame; stale after 2 s without one; offline after 5.
enum class CameraState { connecting, live, stale, offline };

/// `pending` while a track has too little evidence; `unknown` is a decision like `known`.
enum class FaceStatus { pending, known, unknown };

/// One face of one analysed frame.
struct Face {
  std::int64_t track_id = 0;
  Box box;
  FaceStatus status = FaceStatus::pending;
  std::optional<PersonId> person_id;  ///< Only when known.
  std::string name;                   ///< Only when known.
  double confidence = 0;              ///< 0..1, of the decision.
};

enum class SightingKind { first, periodic, last };

/// That a person was seen by a camera at a moment. Immutable; the id makes its delivery idempotent.
struct Sighting {
  SightingId id;
  PersonId person_id;
  CameraId camera_id;
  UnixMillis at{};  ///< When the frame's last RTP packet arrived.
  SightingKind kind = SightingKind::first;
  double confidence = 0;
  double distance = 0;   ///< In the metric of `model`.
  std::string model;     ///< Id of the embedding model that decided.
};

enum class AttendanceStatus { present };

/// One row a person and local day, derived from sightings (the earliest and the latest).
struct AttendanceRecord {
  PersonId person_id;
  std::string person;       ///< Name at the time of reading.
  std::string external_id;
  std::string day;          ///< `YYYY-MM-DD` in the site's time zone.
  UnixMillis first_seen{};
  UnixMillis last_seen{};
  std::int64_t sightings = 0;
  AttendanceStatus status = AttendanceStatus::present;
};

enum class Role { viewer, operator_, admin };

struct User {
  UserId id;
  std::string username;
  Role role = Role::viewer;
  UnixMillis created_at{};
};

[[nodiscard]] std::string_view to_string(PhotoStatus);
[[nodiscard]] std::string_view to_string(CameraState);
[[nodiscard]] std::string_view to_string(FaceStatus);
[[nodiscard]] std::string_view to_string(SightingKind);
[[nodiscard]] std::string_view to_string(AttendanceStatus);
[[nodiscard]] std::string_view to_string(Role);
[[nodiscard]] std::optional<PhotoStatus> parse_photo_status(std::string_view);
[[nodiscard]] std::optional<CameraState> parse_camera_state(std::string_view);
[[nodiscard]] std::optional<FaceStatus> parse_face_status(std::string_view);
[[nodiscard]] std::optional<SightingKind> parse_sighting_kind(std::string_view);
[[nodiscard]] std::optional<Role> parse_role(std::string_view);

}  // namespace surveillx::domain
