#include "clock_keeper.hpp"

#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {
namespace {

double seconds(std::chrono::milliseconds value) { return static_cast<double>(value.count()) / 1e3; }

constexpr const char* kRemedy = "surveillx db repair-clock";

}  // namespace

ClockKeeper::ClockKeeper(ClockWatch& watch, store::Clocks clocks, telemetry::Metrics& metrics,
                         const Clock& clock)
    : watch_(watch),
      clocks_(std::move(clocks)),
      clock_(clock),
      steps_(metrics.counter("clock_steps_total", "Times this machine's clock was set")),
      ahead_(metrics.gauge("clock_ahead_of_database_seconds",
                           "How far this machine's clock is ahead of the database server's")),
      future_(metrics.counter("sightings_from_the_future_total",
                              "Sightings that were found to lie in the future")) {}

void ClockKeeper::look(bool database_answers) {
  if (const auto step = watch_.look()) {
    steps_.add();
    to_note_ = true;
    compared_.reset();
    log::warn("clock.was_set", {{"by_seconds", seconds(step->by)},
                                {"from", format_rfc3339_utc(step->from)},
                                {"to", format_rfc3339_utc(step->to)},
                                {"remedy", kRemedy}});
  }
  if (!database_answers) return;
  Result<void> done;
  if (to_note_) {
    done = clocks_.note(watch_.doubts());
    to_note_ = !done;
  }
  const SteadyTime now = clock_.steady();
  if (done && (!compared_ || now - *compared_ >= kCompareEvery)) {
    done = compare();
    if (done) compared_ = now;
  }
  if (!done && !std::exchange(failing_, true)) {
    log::error("clock.not_compared", {{"reason", done.error().message}});
  }
  if (done) failing_ = false;
}

Result<void> ClockKeeper::compare() {
  const auto ahead = clocks_.ahead_of_database();
  if (!ahead) return ahead.error();
  if (*ahead) {
    ahead_.set(seconds(**ahead));
    const bool differs = std::chrono::abs(**ahead) > kDifference;
    if (differs && !std::exchange(differs_, true)) {
      log::warn("clock.differs_from_database", {{"ahead_seconds", seconds(**ahead)},
                                                             {"remedy", kRemedy}});
    }
    if (!differs && std::exchange(differs_, false)) log::info("clock.agrees_again");
    if (differs) {
      store::ClockDoubt doubt;
      doubt.epoch = watch_.current();
      doubt.ahead = *ahead;
      doubt.noticed_at = clock_.now();
      doubt.reason = "media's clock differed from the database server's";
      if (auto noted = clocks_.note({doubt}); !noted) return noted;
    }
  }
  const auto marked = clocks_.mark_future();
  if (!marked) return marked.error();
  if (*marked > 0) {
    future_.add(static_cast<double>(*marked));
    log::warn("clock.sightings_from_the_future", {{"count", *marked}, {"remedy", kRemedy}});
  }
  return {};
}

}  // namespace surveillx::mediaserver
