#pragma once

#include "surveillx/domain/types.hpp"
#include "surveillx/store/context.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace surveillx::store {

/// A camera with its token, which exists in clear only here, once.
struct CameraWithToken {
  domain::Camera camera;
  std::string token;
};

/// Cameras and their tokens (stored as SHA-256). Every change bumps the camera revision.
class Cameras {
 public:
  explicit Cameras(ContextPtr context) : context_(std::move(context)) {}

  /// The number is one more than any camera ever had. Errors: `already_exists` (the name),
  /// `invalid_argument` (name empty or over 100 characters).
  [[nodiscard]] Result<CameraWithToken> add(std::string_view name);
  /// By number.
  [[nodiscard]] Result<std::vector<domain::Camera>> list();
  [[nodiscard]] Result<domain::Camera> find(const CameraId& id);
  [[nodiscard]] Result<domain::Camera> find_by_name(std::string_view name);
  /// Who presents this token. Errors: `not_found`.
  [[nodiscard]] Result<domain::Camera> find_by_token(std::string_view token);
  /// `crypto::token_hash` of each camera's present token. After a camera revision media compares
  /// these with the hashes of its sessions' tokens and closes (4401) those that no longer match.
  [[nodiscard]] Result<std::unordered_map<CameraId, std::string>> token_hashes();
  /// Errors: `not_found`. Sightings keep the camera's id.
  [[nodiscard]] Result<void> remove(const CameraId& id);
  /// Errors: `not_found`, as `add`.
  [[nodiscard]] Result<domain::Camera> rename(const CameraId& id, std::string_view name);
  /// A new token; the old one is void at once. Errors: `not_found`.
  [[nodiscard]] Result<CameraWithToken> rotate_token(const CameraId& id);

 private:
  ContextPtr context_;
};

}  // namespace surveillx::store
