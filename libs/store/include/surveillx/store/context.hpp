#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/crypto/key_ring.hpp"
#include "surveillx/crypto/password.hpp"
#include "surveillx/store/database.hpp"

#include <memory>

namespace surveillx::store {

class HeldSessions;

/// What every repository works with; they share one.
struct Context {
  std::shared_ptr<Database> database;
  crypto::KeyRing keys;
  const Clock* clock;
  crypto::PasswordCost password_cost = crypto::PasswordCost::interactive;
  std::shared_ptr<HeldSessions> held_sessions;
};
using ContextPtr = std::shared_ptr<const Context>;

}  // namespace surveillx::store
