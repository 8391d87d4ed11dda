#include "surveillx/gst/promise.hpp"

#include <utility>

namespace surveillx::gst {
namespace {

struct PromiseData {
  std::function<void(const GstStructure*)> done;
  bool called = false;

  void call(const GstStructure* reply) {
    if (std::exchange(called, true)) return;
    if (done) done(reply);
  }
};

void on_change(GstPromise* promise, gpointer user_data) {
  auto* data = static_cast<PromiseData*>(user_data);
  const bool replied = gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED;
  data->call(replied ? gst_promise_get_reply(promise) : nullptr);
}

void on_free(gpointer user_data) {
  auto* data = static_cast<PromiseData*>(user_data);
  // A closed webrtcbin drops promises without an answer; whoever waits must not wait for ever.
  data->call(nullptr);
  delete data;
}

}  // namespace

Ref<GstPromise> make_promise(std::function<void(const GstStructure*)> done) {
  return adopt(
      gst_promise_new_with_change_func(on_change, new PromiseData{std::move(done)}, on_free));
}

std::string promise_error(const GstStructure* reply) {
  if (reply == nullptr || gst_structure_has_field(reply, "error") == FALSE) return {};
  GError* raw = nullptr;
  gst_structure_get(reply, "error", G_TYPE_ERROR, &raw, nullptr);
  const auto error = adopt(raw);
  return error ? std::string(error->message) : std::string("unknown error");
}

}  // namespace surveillx::gst
