#pragma once

#include "surveillx/store/context.hpp"

namespace surveillx::store {

/// Brings names that an older program has stored into the form in which they are compared today
/// (composed; keys in NFKC, case folded). Once a database: it notes that it is done.
[[nodiscard]] Result<void> renew_text_keys(const ContextPtr& context);

}  // namespace surveillx::store
