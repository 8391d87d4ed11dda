#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace surveillx::supervisor {

/// Tells whoever started this process that it serves now, by the datagram protocol of sd_notify(3)
/// (`READY=1` and a one-line `STATUS`). Does nothing when NOTIFY_SOCKET is not set. Works the same
/// under `surveillx up` and under systemd with `Type=notify`. Thread-safe.
void notify_ready(std::string_view status);

/// The heartbeat, `WATCHDOG=1` of the same protocol: call it on the loop whose life it proves, every
/// `heartbeat_interval()`. Never blocks: a beat that finds the socket full is dropped, since those
/// before it have not been read yet. Thread-safe.
void notify_alive();

/// How often whoever started this process wants a heartbeat: a third of WATCHDOG_USEC (sd_watchdog_enabled(3)
/// advises half; a busy machine gets one more try). Nothing when nobody watches.
[[nodiscard]] std::optional<std::chrono::milliseconds> heartbeat_interval();

}  // namespace surveillx::supervisor
