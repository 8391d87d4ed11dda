#pragma once

#include "surveillx/gst/ref.hpp"

#include <chrono>
#include <functional>

namespace surveillx::gst {

/// Ends a pipeline on a worker thread of its own: runs `before` there (may be empty), sets the
/// pipeline to NULL and releases it. Setting NULL joins streaming threads, so it must never happen
/// on one, and a stuck thread then blocks only this worker, not the caller and not other pipelines.
/// The caller has disconnected its signals and probes already. Returns at once.
void reap(Ref<GstElement> pipeline, std::function<void()> before = {});
/// For webrtcbin in the pipeline: waits first (at most 2 s) until its own task thread has answered
/// a `get-stats`; without that abrupt ends leak nicesrc threads. See docs/teardown.md.
void reap_webrtc(Ref<GstElement> pipeline, Ref<GstElement> webrtcbin);

/// Waits until every reaped pipeline is gone. False on time-out. For shutdown and tests.
bool drain_reaper(std::chrono::milliseconds timeout);
/// Pipelines whose end has not finished yet.
[[nodiscard]] int reaping();

}  // namespace surveillx::gst
