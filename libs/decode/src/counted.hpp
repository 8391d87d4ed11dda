#pragma once

namespace surveillx::decode {

/// For `totals`.
void count_frame_skipped();

}  // namespace surveillx::decode
