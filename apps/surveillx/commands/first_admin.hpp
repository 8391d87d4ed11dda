#pragma once

#include <optional>
#include <string>

#include "surveillx/store/users.hpp"

namespace surveillx::app {

/// $SURVEILLX_ADMIN_PASSWORD, taken out of the environment: it is no child's business, and a crash
/// dump or /proc would show it.
[[nodiscard]] std::optional<std::string> take_given_admin_password();

/// Whether standard output ends in systemd's journal, where a password must not get.
[[nodiscard]] bool stdout_is_the_journal();

/// What stands behind "Password" for a person who has just started the servers. `admin` is the
/// administrator that this start makes, if any.
[[nodiscard]] std::string password_line(const store::FirstAdmin* admin);

/// Flushes standard output; an error when what was printed did not get through.
[[nodiscard]] Result<void> flush_stdout();

}  // namespace surveillx::app
