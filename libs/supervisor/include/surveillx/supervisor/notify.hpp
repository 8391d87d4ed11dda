#pragma once

#include <string_view>

namespace surveillx::supervisor {

/// Tells whoever started this process that it serves now, by the datagram protocol of sd_notify(3)
/// (`READY=1` and a one-line `STATUS`). Does nothing when NOTIFY_SOCKET is not set. Works the same
/// under `surveillx up` and under systemd with `Type=notify`. Thread-safe.
void notify_ready(std::string_view status);

}  // namespace surveillx::supervisor
