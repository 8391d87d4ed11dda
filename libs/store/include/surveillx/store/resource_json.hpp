#pragma once

#include "surveillx/store/cameras.hpp"
#include "surveillx/store/people.hpp"

#include <boost/json/object.hpp>

/// The stored resources as the HTTP API and the command line tell them, each written once. What a
/// resource has from elsewhere is put beside it by who tells it: how a camera is doing
/// (`live::CameraReport`), its certificate's pin, when a row was made in the words of a zone.
namespace surveillx::store {

/// `{id, number, name}`.
[[nodiscard]] boost::json::object to_json(const domain::Camera& camera);
/// The same with `token`: for whom it was made for, once.
[[nodiscard]] boost::json::object to_json(const CameraWithToken& camera);
/// `{id, name, external_id, group}`.
[[nodiscard]] boost::json::object to_json(const domain::Person& person);
/// The same with `photos`: how many there are of each status.
[[nodiscard]] boost::json::object to_json(const PersonSummary& person);
/// `{id, username, role}`.
[[nodiscard]] boost::json::object to_json(const domain::User& user);

}  // namespace surveillx::store
