#include "surveillx/gst/element.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace surveillx::gst {
namespace {

struct Package {
  std::string_view factory;
  std::string_view package;
};
constexpr std::array kPackages{
    Package{"webrtcbin", "gstreamer1.0-plugins-bad"},
    Package{"dtlssrtpdec", "gstreamer1.0-plugins-bad"},
    Package{"srtpdec", "gstreamer1.0-plugins-bad"},
    Package{"h264parse", "gstreamer1.0-plugins-bad"},
    Package{"openh264dec", "gstreamer1.0-plugins-bad"},
    Package{"openh264enc", "gstreamer1.0-plugins-bad"},
    Package{"nicesrc", "gstreamer1.0-nice"},
    Package{"nicesink", "gstreamer1.0-nice"},
    Package{"rtpbin", "gstreamer1.0-plugins-good"},
    Package{"rtpvp8depay", "gstreamer1.0-plugins-good"},
    Package{"rtpvp8pay", "gstreamer1.0-plugins-good"},
    Package{"rtph264depay", "gstreamer1.0-plugins-good"},
    Package{"rtph264pay", "gstreamer1.0-plugins-good"},
    Package{"vp8dec", "gstreamer1.0-plugins-good"},
    Package{"vp8enc", "gstreamer1.0-plugins-good"},
    Package{"v4l2src", "gstreamer1.0-plugins-good"},
    Package{"matroskademux", "gstreamer1.0-plugins-good"},
    Package{"qtdemux", "gstreamer1.0-plugins-good"},
    Package{"jpegdec", "gstreamer1.0-plugins-good"},
    Package{"avdec_h264", "gstreamer1.0-libav"},
    Package{"x264enc", "gstreamer1.0-plugins-ugly"},
    Package{"queue", "libgstreamer1.0-0"},
    Package{"fakesink", "libgstreamer1.0-0"},
};

/// GLib writes to stderr on the thread that warns, which may be one that streams: our log waits for
/// nobody, and keeps a warning that peers can set off to a few lines.
void log_glib(const gchar* domain, GLogLevelFlags level, const gchar* message, gpointer) {
  const bool warns = (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0;
  const std::string_view from = domain != nullptr ? domain : "";
  log::stranger(warns ? log::Level::warn : log::Level::debug, "glib.message", from,
                {{"domain", from}, {"message", message != nullptr ? message : ""}});
}

}  // namespace

Result<void> init() {
  // A failed start leaves nothing to retry: plugins and libraries do not change under a process.
  static const std::string failure = [] {
    g_log_set_default_handler(log_glib, nullptr);
    Ref<GError> error;
    if (gst_init_check(nullptr, nullptr, error.out()) != FALSE) return std::string();
    return std::string(error ? error->message : "unknown reason");
  }();
  if (!failure.empty()) return Error{kUnavailable, "GStreamer cannot start: " + failure};
  return {};
}

bool has_factory(const char* factory) {
  if (!init()) return false;
  return static_cast<bool>(adopt(gst_element_factory_find(factory)));
}

std::string_view debian_package(std::string_view factory) {
  const auto* found =
      std::find_if(kPackages.begin(), kPackages.end(),
                   [factory](const Package& entry) { return entry.factory == factory; });
  return found != kPackages.end() ? found->package : "gstreamer1.0-plugins-base";
}

Result<void> require(std::initializer_list<const char*> factories) {
  if (auto ready = init(); !ready) return ready;
  std::string missing;
  std::set<std::string_view> packages;
  for (const char* factory : factories) {
    if (has_factory(factory)) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(factory);
    packages.insert(debian_package(factory));
  }
  if (missing.empty()) return {};
  std::string install = "apt-get install";
  for (const auto package : packages) install += " " + std::string(package);
  return Error{kUnavailable, "GStreamer lacks " + missing + "; run: " + install};
}

Result<Ref<GstElement>> make(const char* factory, const char* name) {
  if (auto ready = init(); !ready) return ready.error();
  auto element = sink(gst_element_factory_make(factory, name));
  if (!element) {
    return Error{kUnavailable, "GStreamer lacks " + std::string(factory) +
                                   "; run: apt-get install " +
                                   std::string(debian_package(factory))};
  }
  return element;
}

Result<Ref<GstElement>> parse_pipeline(const std::string& description) {
  if (auto ready = init(); !ready) return ready.error();
  Ref<GError> error;
  auto pipeline = sink(gst_parse_launch_full(description.c_str(), nullptr,
                                             GST_PARSE_FLAG_FATAL_ERRORS, error.out()));
  if (error || !pipeline) {
    return Error{kPipelineError, error ? error->message : "the pipeline could not be built"};
  }
  if (!GST_IS_PIPELINE(pipeline.get())) {
    return Error{kPipelineError, "a single element is not a pipeline"};
  }
  return pipeline;
}

Result<Ref<GstElement>> parse_bin(const std::string& description) {
  if (auto ready = init(); !ready) return ready.error();
  Ref<GError> error;
  auto bin = sink(gst_parse_bin_from_description_full(description.c_str(), TRUE, nullptr,
                                                      GST_PARSE_FLAG_FATAL_ERRORS, error.out()));
  if (error || !bin) {
    return Error{kPipelineError, error ? error->message : "the bin could not be built"};
  }
  return bin;
}

Ref<GstElement> child(GstElement* bin, const char* name) {
  return adopt(gst_bin_get_by_name(GST_BIN(bin), name));
}

Ref<GstElement> child_of_kind(GstElement* bin, const char* factory) {
  Ref<GstElement> found;
  GstIterator* iterator = gst_bin_iterate_all_by_element_factory_name(GST_BIN(bin), factory);
  GValue value = G_VALUE_INIT;
  if (gst_iterator_next(iterator, &value) == GST_ITERATOR_OK) {
    found = share(GST_ELEMENT(g_value_get_object(&value)));
    g_value_unset(&value);
  }
  gst_iterator_free(iterator);
  return found;
}

Ref<GstPad> static_pad(GstElement* element, const char* name) {
  return adopt(gst_element_get_static_pad(element, name));
}

bool has_property(gpointer object, const char* name) {
  return g_object_class_find_property(G_OBJECT_GET_CLASS(object), name) != nullptr;
}

struct SampleTap::Tap {
  Handler handler;
  Gate gate;
};

SampleTap::SampleTap(SampleTap&&) noexcept = default;
SampleTap::~SampleTap() { close(); }

SampleTap& SampleTap::operator=(SampleTap&& other) noexcept {
  if (this != &other) {
    close();
    tap_ = std::move(other.tap_);
  }
  return *this;
}

SampleTap SampleTap::attach(GstElement* appsink, Handler handler) {
  SampleTap guard;
  guard.tap_ = std::make_shared<Tap>();
  guard.tap_->handler = std::move(handler);
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink* from, gpointer user_data) -> GstFlowReturn {
    const auto& tap = *static_cast<std::shared_ptr<Tap>*>(user_data);
    // Taken even when the gate is closed, else the appsink's queue would grow or block.
    auto sample = adopt(gst_app_sink_pull_sample(from));
    if (const auto pass = tap->gate.enter(); pass && sample) tap->handler(std::move(sample));
    return GST_FLOW_OK;
  };
  gst_app_sink_set_callbacks(GST_APP_SINK(appsink), &callbacks,
                             new std::shared_ptr<Tap>(guard.tap_),
                             [](gpointer p) { delete static_cast<std::shared_ptr<Tap>*>(p); });
  return guard;
}

void SampleTap::close() {
  if (!tap_) return;
  const auto tap = std::move(tap_);
  tap->gate.close();
}

}  // namespace surveillx::gst
