#include "surveillx/base/log.hpp"
#include "surveillx/net/body_sink.hpp"

#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace surveillx::net {
namespace {

/// Runs a blocking sink's calls as jobs of a pool. At most one is queued or runs: the next chunk
/// comes when the last one was taken, and a cut that comes meanwhile waits for the job.
class PoolSink final : public BodySink, public std::enable_shared_from_this<PoolSink> {
 public:
  PoolSink(WorkerPool& pool, std::unique_ptr<BlockingBodySink> sink, HttpResponder respond)
      : pool_(pool), sink_(std::move(sink)), respond_(std::move(respond)) {}

  void chunk(SharedBytes bytes, std::function<void()> taken) override {
    run([bytes = std::move(bytes), taken = std::move(taken)](PoolSink& self) -> Then {
      auto answer = self.sink_->chunk(bytes.view());
      if (!answer) return taken;
      // Which ends the request, and so cuts us.
      return [&self, answer = std::move(*answer)] { self.respond_(answer); };
    });
  }

  void end() override {
    run([](PoolSink& self) -> Then {
      // Gone before the answer, so that whoever gets it finds its file closed.
      const auto sink = std::exchange(self.sink_, nullptr);
      return [&self, answer = sink->end()] { self.respond_(answer); };
    });
  }

  void cut(BodyCut why) override {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(over_, true)) return;
      if (busy_) {
        cut_ = why;
        return;
      }
    }
    // Refused only when the pool stops, which leaves it to the sink's destructor.
    (void)pool_.post_cleanup([self = shared_from_this(), why] { self->finish(why); });
  }

 private:
  /// What follows a call, once the next job may be queued.
  using Then = std::function<void()>;

  void run(std::function<Then(PoolSink&)> call) {
    {
      const std::lock_guard lock(mutex_);
      busy_ = true;
    }
    const std::function<void()> job = [self = shared_from_this(), call = std::move(call)] {
      Then then;
      try {
        then = call(*self);
      } catch (const std::exception& e) {
        log::error("http.body_sink_failed", {{"error", e.what()}});
        self->finish(BodyCut::failed);
        then = [&self] { self->respond_(HttpResponse::failed()); };
      }
      self->job_done();
      then();
    };
    // Once begun, an upload has at most one job here: their number bounds these.
    if (std::exchange(begun_, true) ? pool_.post_cleanup(job) : pool_.try_post(job)) return;
    // Before `job` goes, with the `taken` in it.
    respond_(HttpResponse::busy());
    {
      const std::lock_guard lock(mutex_);
      busy_ = false;
    }
    cut(BodyCut::failed);
  }

  /// On the pool, at the end of each job.
  void job_done() {
    std::optional<BodyCut> why;
    {
      const std::lock_guard lock(mutex_);
      busy_ = false;
      why = std::exchange(cut_, std::nullopt);
    }
    if (why) finish(*why);
  }

  /// On the pool: tells the sink that it is over, unless it has ended.
  void finish(BodyCut why) {
    const auto sink = std::exchange(sink_, nullptr);
    if (!sink) return;
    try {
      sink->cut(why);
    } catch (const std::exception& e) {
      log::error("http.body_sink_failed", {{"cut", name_of(why)}, {"error", e.what()}});
    }
  }

  WorkerPool& pool_;
  std::unique_ptr<BlockingBodySink> sink_;  ///< Of the job that runs.
  HttpResponder respond_;
  bool begun_ = false;  ///< Loop thread only.
  std::mutex mutex_;
  bool busy_ = false;  ///< A job is queued or runs.
  bool over_ = false;  ///< The cut was told, or waits in `cut_` for the job.
  std::optional<BodyCut> cut_;
};

}  // namespace

std::shared_ptr<BodySink> on_pool(WorkerPool& pool, std::unique_ptr<BlockingBodySink> sink,
                                  HttpResponder respond) {
  return std::make_shared<PoolSink>(pool, std::move(sink), std::move(respond));
}

}  // namespace surveillx::net
