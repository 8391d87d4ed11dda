#pragma once

#include <string_view>

#include "surveillx/base/log.hpp"

namespace surveillx::log {

/// For what anybody who reaches us can cause, such as a malformed request: a few lines an event and
/// `source` (an address), some more an event over all sources; what is left out is counted, and the
/// count goes with the event's next line (`suppressed=N`) or in `log.lines_suppressed`.
void stranger(Level level, std::string_view name, std::string_view source, Fields fields = {});

}  // namespace surveillx::log
