#pragma once

#include "surveillx/base/error.hpp"

/// The events between media and web (contracts/socketio.md) as values. Each type has its event's name
/// (`kEvent`), `to_json`, which leaves no member out, and `from_json`, which refuses what the contract
/// does not allow and overlooks members it does not know.
namespace surveillx::live {

/// Not what the contract says; the message names the member.
inline constexpr ErrorName kMalformed{"malformed_event"};

}  // namespace surveillx::live
