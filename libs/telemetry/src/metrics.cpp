#include "surveillx/telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <dirent.h>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <sys/resource.h>
#include <unistd.h>

namespace surveillx::telemetry {
namespace {

constexpr const char* kPrefix = "surveillx_";

std::map<std::string, std::string> label_map(const Labels& labels) {
  return {labels.begin(), labels.end()};
}

double entries_in(const char* folder) {
  DIR* dir = ::opendir(folder);
  if (dir == nullptr) return 0;
  double count = 0;
  while (::readdir(dir) != nullptr) count += 1;
  ::closedir(dir);
  return count - 2;  // `.` and `..`
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

void Counter::add(double by) const {
  if (counter_ != nullptr) static_cast<prometheus::Counter*>(counter_)->Increment(by);
}
void Counter::raise_to(std::uint64_t total) const {
  const double more = static_cast<double>(total) - value();
  if (more > 0) add(more);
}
double Counter::value() const {
  return counter_ == nullptr ? 0 : static_cast<prometheus::Counter*>(counter_)->Value();
}
void Gauge::set(double value) const {
  if (gauge_ != nullptr) static_cast<prometheus::Gauge*>(gauge_)->Set(value);
}
void Gauge::add(double by) const {
  if (gauge_ != nullptr) static_cast<prometheus::Gauge*>(gauge_)->Increment(by);
}
double Gauge::value() const {
  return gauge_ == nullptr ? 0 : static_cast<prometheus::Gauge*>(gauge_)->Value();
}
void Histogram::observe(double value) const {
  if (histogram_ != nullptr) static_cast<prometheus::Histogram*>(histogram_)->Observe(value);
}

struct Metrics::Impl {
  enum class Kind { counter, gauge, histogram };
  struct Known {
    Kind kind;
    void* family;
  };

  template <class Build>
  void* family(std::string_view name, std::string_view help, Kind kind, Build build) {
    const std::lock_guard lock(mutex);
    const auto found = families.find(name);
    if (found != families.end()) {
      if (found->second.kind != kind) {
        throw std::logic_error("metric " + std::string(name) + " was made as another kind");
      }
      return found->second.family;
    }
    void* made =
        &build().Name(kPrefix + std::string(name)).Help(std::string(help)).Register(registry);
    families.emplace(std::string(name), Known{kind, made});
    return made;
  }

  prometheus::Registry registry;
  std::mutex mutex;
  std::map<std::string, Known, std::less<>> families;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  auto* family = static_cast<prometheus::Family<prometheus::Counter>*>(
      impl_->family(name, help, Impl::Kind::counter, [] { return prometheus::BuildCounter(); }));
  Counter result;
  result.counter_ = &family->Add(label_map(labels));
  return result;
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  auto* family = static_cast<prometheus::Family<prometheus::Gauge>*>(
      impl_->family(name, help, Impl::Kind::gauge, [] { return prometheus::BuildGauge(); }));
  Gauge result;
  result.gauge_ = &family->Add(label_map(labels));
  return result;
}

Histogram Metrics::histogram(std::string_view name, std::string_view help,
                             const std::vector<double>& bounds, const Labels& labels) {
  auto* family = static_cast<prometheus::Family<prometheus::Histogram>*>(impl_->family(
      name, help, Impl::Kind::histogram, [] { return prometheus::BuildHistogram(); }));
  Histogram result;
  result.histogram_ = &family->Add(label_map(labels), bounds);
  return result;
}

void Metrics::remove_gauge(std::string_view name, const Labels& labels) {
  const Gauge found = gauge(name, "", labels);
  auto* family = static_cast<prometheus::Family<prometheus::Gauge>*>(
      impl_->family(name, "", Impl::Kind::gauge, [] { return prometheus::BuildGauge(); }));
  family->Remove(static_cast<prometheus::Gauge*>(found.gauge_));
}

std::string Metrics::text() {
  gauge("process_resident_bytes", "Resident memory of this process.").set(resident_bytes());
  gauge("process_open_descriptors", "Open file descriptors of this process.")
      .set(entries_in("/proc/self/fd") - 1);  // The listing itself holds one.
  gauge("process_threads", "Threads of this process.").set(entries_in("/proc/self/task"));
  gauge("process_cpu_seconds", "CPU time this process has used.").set(cpu_seconds());
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

const std::vector<double>& default_seconds() {
  static const std::vector<double> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                          0.25,  0.5,    1,     2.5,  5,     10};
  return bounds;
}

}  // namespace surveillx::telemetry
