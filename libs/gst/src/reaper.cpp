#include "surveillx/gst/reaper.hpp"

#include "surveillx/gst/promise.hpp"

#include <pthread.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace surveillx::gst {
namespace {

using namespace std::chrono_literals;

struct Count {
  std::mutex mutex;
  std::condition_variable changed;
  int reaping = 0;
};
/// Never destroyed: a worker may outlive static destruction when a pipeline is stuck.
Count& count() {
  static Count& instance = *new Count;
  return instance;
}

/// webrtcbin answers `get-stats` on its own task thread, after everything queued there before.
void wait_for_task_thread(GstElement* webrtcbin) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable changed;
    bool given = false;
  };
  const auto answer = std::make_shared<Answer>();
  {
    const auto promise = make_promise([answer](const GstStructure* /*reply*/) {
      const std::lock_guard lock(answer->mutex);
      answer->given = true;
      answer->changed.notify_all();
    });
    g_signal_emit_by_name(webrtcbin, "get-stats", nullptr, promise.get());
  }
  std::unique_lock lock(answer->mutex);
  answer->changed.wait_for(lock, 2s, [&] { return answer->given; });
}

}  // namespace

void reap(Ref<GstElement> pipeline, std::function<void()> before) {
  if (!pipeline) return;
  {
    const std::lock_guard lock(count().mutex);
    ++count().reaping;
  }
  std::thread([owned = std::move(pipeline), first = std::move(before)]() mutable {
    pthread_setname_np(pthread_self(), "gst-reaper");
    if (first) first();
    first = nullptr;
    gst_element_set_state(owned.get(), GST_STATE_NULL);
    owned.reset();
    const std::lock_guard lock(count().mutex);
    --count().reaping;
    count().changed.notify_all();
  }).detach();
}

void reap_webrtc(Ref<GstElement> pipeline, Ref<GstElement> webrtcbin) {
  reap(std::move(pipeline), [bin = std::move(webrtcbin)] { wait_for_task_thread(bin.get()); });
}

bool drain_reaper(std::chrono::milliseconds timeout) {
  std::unique_lock lock(count().mutex);
  return count().changed.wait_for(lock, timeout, [] { return count().reaping == 0; });
}

int reaping() {
  const std::lock_guard lock(count().mutex);
  return count().reaping;
}

}  // namespace surveillx::gst
