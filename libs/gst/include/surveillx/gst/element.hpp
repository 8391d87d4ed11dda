#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/base/gate.hpp"
#include "surveillx/gst/ref.hpp"

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace surveillx::gst {

inline constexpr ErrorName kPipelineError{"pipeline_error"};

/// Initialises GStreamer once for the process. Safe to call from any thread, any number of times.
/// `unavailable` when the library cannot start.
[[nodiscard]] Result<void> init();

/// Checks that element factories exist. `unavailable` with the Debian packages to install.
/// Also initialises GStreamer. Elements that are only found inside plugins (nicesrc) count too.
[[nodiscard]] Result<void> require(std::initializer_list<const char*> factories);
/// True when the factory exists.
[[nodiscard]] bool has_factory(const char* factory);
/// Debian's package of a factory, or "gstreamer1.0-plugins-base" when we do not know it.
[[nodiscard]] std::string_view debian_package(std::string_view factory);

/// A new element; `unavailable` names the Debian package when its plugin is missing.
[[nodiscard]] Result<Ref<GstElement>> make(const char* factory, const char* name = nullptr);
/// A pipeline from gst-launch text. `pipeline_error` with GStreamer's reason.
[[nodiscard]] Result<Ref<GstElement>> parse_pipeline(const std::string& description);
/// A bin from gst-launch text whose unlinked pads become ghost pads.
[[nodiscard]] Result<Ref<GstElement>> parse_bin(const std::string& description);
/// The element with this name inside a bin, at any depth; null when there is none.
[[nodiscard]] Ref<GstElement> child(GstElement* bin, const char* name);
/// The first element made by this factory inside a bin, at any depth; null when there is none.
[[nodiscard]] Ref<GstElement> child_of_kind(GstElement* bin, const char* factory);
[[nodiscard]] Ref<GstPad> static_pad(GstElement* element, const char* name);
/// True when the element has this property (they differ between versions).
[[nodiscard]] bool has_property(gpointer object, const char* name);

/// Delivers every sample of an appsink to a handler on the streaming thread and always answers OK:
/// a flow error would travel up to nicesrc and kill the peer. The destructor waits for a running
/// call of another thread.
class SampleTap {
 public:
  using Handler = std::function<void(Ref<GstSample>)>;
  SampleTap() = default;
  SampleTap(SampleTap&& other) noexcept;
  SampleTap& operator=(SampleTap&& other) noexcept;
  SampleTap(const SampleTap&) = delete;
  SampleTap& operator=(const SampleTap&) = delete;
  ~SampleTap();

  [[nodiscard]] static SampleTap attach(GstElement* appsink, Handler handler);
  /// After this the appsink's samples are dropped.
  void close();

 private:
  struct Tap;
  std::shared_ptr<Tap> tap_;
};

}  // namespace surveillx::gst
