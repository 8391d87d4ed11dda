#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Metrics of one process (Prometheus). Names get the prefix `surveillx_` and carry their unit:
/// `frames_total`, `decode_seconds`. Thread-safe. Handles are cheap to copy and to use on hot
/// paths; they stay valid as long as the Metrics they came from.
namespace surveillx::telemetry {

using Label = std::pair<std::string, std::string>;
using Labels = std::vector<Label>;

/// Only grows.
class Counter {
 public:
  Counter() = default;
  void add(double by = 1) const;
  /// Up to what a part that knows no metrics has counted by itself. Callers take turns, so that nothing
  /// is added twice.
  void raise_to(std::uint64_t total) const;
  [[nodiscard]] double value() const;

 private:
  friend class Metrics;
  void* counter_ = nullptr;
};

/// Goes up and down.
class Gauge {
 public:
  Gauge() = default;
  void set(double value) const;
  void add(double by) const;
  [[nodiscard]] double value() const;

 private:
  friend class Metrics;
  void* gauge_ = nullptr;
};

/// Counts observations in buckets.
class Histogram {
 public:
  Histogram() = default;
  void observe(double value) const;

 private:
  friend class Metrics;
  void* histogram_ = nullptr;
};

/// A registry. The same name and labels give the same metric again; a name keeps the kind and help
/// it was first asked for (asking for another kind throws std::logic_error: a bug).
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  [[nodiscard]] Counter counter(std::string_view name, std::string_view help,
                                const Labels& labels = {});
  [[nodiscard]] Gauge gauge(std::string_view name, std::string_view help,
                            const Labels& labels = {});
  /// `bounds` are the upper ends of the buckets, rising; the last, +Inf, is added.
  [[nodiscard]] Histogram histogram(std::string_view name, std::string_view help,
                                    const std::vector<double>& bounds, const Labels& labels = {});
  /// Forgets a labelled gauge, for instance of a camera that was removed.
  void remove_gauge(std::string_view name, const Labels& labels);

  /// The text exposition format 0.0.4 of everything, with the process's own CPU, memory, threads
  /// and descriptors.
  [[nodiscard]] std::string text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// 1 ms to 10 s, for durations in seconds.
[[nodiscard]] const std::vector<double>& default_seconds();

}  // namespace surveillx::telemetry
