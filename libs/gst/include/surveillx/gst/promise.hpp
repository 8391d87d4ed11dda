#pragma once

#include "surveillx/gst/ref.hpp"

#include <functional>

namespace surveillx::gst {

/// A promise that calls `done` once, on the thread that answers it: with the reply, or with null
/// when it was interrupted, expired, or dropped unanswered by webrtcbin. The reply belongs to the
/// promise and ends with the call. The closure lives as long as the promise; capture weak_ptrs.
///
///     auto promise = gst::make_promise([weak](const GstStructure* reply) { ... });
///     g_signal_emit_by_name(bin, "create-offer", nullptr, promise.get());
[[nodiscard]] Ref<GstPromise> make_promise(std::function<void(const GstStructure* reply)> done);

/// The error in a webrtcbin promise's reply, or an empty string.
[[nodiscard]] std::string promise_error(const GstStructure* reply);

}  // namespace surveillx::gst
