#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/reaper.hpp"

#include "sources.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace surveillx::camera {
namespace {

using namespace std::chrono_literals;

/// What the bus said, for the thread that may act on it: a streaming thread must neither seek nor
/// stop its own pipeline.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
  bool stopping = false;
  std::string failure;

  void put(const gst::BusEvent& event) {
    if (event.kind == gst::BusEvent::Kind::warning) return;
    {
      const std::lock_guard lock(mutex);
      if (event.kind == gst::BusEvent::Kind::eos) {
        ended = true;
      } else if (failure.empty()) {
        failure = event.message.empty() ? "GStreamer reports an error" : event.message;
      }
    }
    changed.notify_all();
  }
};

class PipelineSource : public Source {
 public:
  PipelineSource(std::string description, bool loops)
      : description_(std::move(description)), loops_(loops) {}
  ~PipelineSource() override { stop(); }

  Result<void> start(Events events) override {
    stop();
    auto pipeline = gst::parse_pipeline(description_);
    if (!pipeline) return Error{kSourceFailed, pipeline.error().message};
    mailbox_ = std::make_shared<Mailbox>();
    gst::drain_bus(pipeline->get(),
                   [mailbox = mailbox_](const gst::BusEvent& event) { mailbox->put(event); });
    tap_ = gst::SampleTap::attach(gst::child(pipeline->get(), "pictures").get(),
                                  std::move(events.on_picture));
    if (gst_element_set_state(pipeline->get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
      tap_.close();
      gst::reap(std::move(*pipeline));
      const std::lock_guard lock(mailbox_->mutex);
      return Error{kSourceFailed,
                   mailbox_->failure.empty() ? "the source does not start" : mailbox_->failure};
    }
    pipeline_ = std::move(*pipeline);
    on_failure_ = std::move(events.on_failure);
    watcher_ = std::thread([this] { watch(); });
    return {};
  }

  void stop() override {
    if (!watcher_.joinable()) return;
    {
      const std::lock_guard lock(mailbox_->mutex);
      mailbox_->stopping = true;
    }
    mailbox_->changed.notify_all();
    watcher_.join();
    tap_.close();
    gst::reap(std::move(pipeline_));
    on_failure_ = {};
  }

 private:
  void watch() {
    std::unique_lock lock(mailbox_->mutex);
    for (;;) {
      mailbox_->changed.wait(lock, [this] {
        return mailbox_->stopping || mailbox_->ended || !mailbox_->failure.empty();
      });
      if (mailbox_->stopping) return;
      std::string failure = mailbox_->failure;
      mailbox_->ended = false;
      lock.unlock();
      if (failure.empty()) failure = begin_again();
      if (!failure.empty()) {
        if (on_failure_) on_failure_(Error{kSourceFailed, failure});
        return;
      }
      lock.lock();
    }
  }

  /// Empty when it plays again, else why not.
  [[nodiscard]] std::string begin_again() {
    if (!loops_) return "the source has ended";
    // A flushing seek also restarts the running time, so the appsink's clock goes on in step.
    const gboolean sought = gst_element_seek_simple(
        pipeline_.get(), GST_FORMAT_TIME,
        static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT), 0);
    return sought != 0 ? "" : "the file cannot be played again from its beginning";
  }

  std::string description_;
  bool loops_;
  std::shared_ptr<Mailbox> mailbox_;
  gst::Ref<GstElement> pipeline_;
  gst::SampleTap tap_;
  std::function<void(Error)> on_failure_;
  std::thread watcher_;
};

}  // namespace

Result<std::unique_ptr<Source>> open_pipeline_source(std::string description, bool loops) {
  return std::unique_ptr<Source>(std::make_unique<PipelineSource>(std::move(description), loops));
}

Result<void> probe(const std::string& description) {
  auto pipeline = gst::parse_pipeline(description);
  if (!pipeline) return Error{kSourceUnreadable, pipeline.error().message};
  const auto mailbox = std::make_shared<Mailbox>();
  gst::drain_bus(pipeline->get(), [mailbox](const gst::BusEvent& event) { mailbox->put(event); });
  const auto tap = gst::SampleTap::attach(gst::child(pipeline->get(), "pictures").get(),
                                          [](const gst::Ref<GstSample>&) {});
  const GstStateChangeReturn begun = gst_element_set_state(pipeline->get(), GST_STATE_PAUSED);
  Result<void> outcome;
  // A decoder that finds no video keeps its sink waiting for ever, so ask in short steps.
  const auto limit = std::chrono::steady_clock::now() + 10s;
  for (;;) {
    const GstStateChangeReturn state =
        begun == GST_STATE_CHANGE_FAILURE
            ? begun
            : gst_element_get_state(pipeline->get(), nullptr, nullptr, 50 * GST_MSECOND);
    std::unique_lock lock(mailbox->mutex);
    if (!mailbox->failure.empty() || state == GST_STATE_CHANGE_FAILURE) {
      outcome =
          Error{kSourceUnreadable,
                "no video in it can be decoded (" +
                    (mailbox->failure.empty() ? "GStreamer refuses it" : mailbox->failure) + ")"};
      break;
    }
    if (mailbox->ended) {
      outcome = Error{kSourceUnreadable, "it holds no picture"};
      break;
    }
    if (state == GST_STATE_CHANGE_SUCCESS || state == GST_STATE_CHANGE_NO_PREROLL) break;
    if (std::chrono::steady_clock::now() > limit) {
      outcome = Error{kSourceUnreadable, "no picture came out of it within 10 s"};
      break;
    }
  }
  gst::reap(std::move(*pipeline));
  return outcome;
}

}  // namespace surveillx::camera
