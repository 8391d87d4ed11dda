#pragma once

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <gst/video/video.h>
#include <gst/webrtc/webrtc.h>

#include <string>
#include <type_traits>
#include <utility>

/// Typed ownership of GStreamer and GLib things. Nothing outside libs/gst calls an `_unref`,
/// `_free` or `g_free`: what a C function gives away (transfer full) goes through `adopt`, what it
/// lends (transfer none) and we keep goes through `share`, a floating reference through `sink`.
namespace surveillx::gst {

/// How one type is shared and released. Specialised below for each type we use, so that a new type
/// is a compile error until somebody has looked up how it is freed.
template <class T>
struct Handling;

namespace detail {
struct ObjectHandling {
  static void ref(gpointer p) { g_object_ref(p); }
  static void unref(gpointer p) { g_object_unref(p); }
};
struct MiniObjectHandling {
  static void ref(gpointer p) { gst_mini_object_ref(static_cast<GstMiniObject*>(p)); }
  static void unref(gpointer p) { gst_mini_object_unref(static_cast<GstMiniObject*>(p)); }
};
}  // namespace detail

template <>
struct Handling<GObject> : detail::ObjectHandling {};
template <>
struct Handling<GstObject> : detail::ObjectHandling {};
template <>
struct Handling<GstElement> : detail::ObjectHandling {};
template <>
struct Handling<GstElementFactory> : detail::ObjectHandling {};
template <>
struct Handling<GstPluginFeature> : detail::ObjectHandling {};
template <>
struct Handling<GstBin> : detail::ObjectHandling {};
template <>
struct Handling<GstPipeline> : detail::ObjectHandling {};
template <>
struct Handling<GstPad> : detail::ObjectHandling {};
template <>
struct Handling<GstPadTemplate> : detail::ObjectHandling {};
template <>
struct Handling<GstBus> : detail::ObjectHandling {};
template <>
struct Handling<GstClock> : detail::ObjectHandling {};
template <>
struct Handling<GstAppSink> : detail::ObjectHandling {};
template <>
struct Handling<GstAppSrc> : detail::ObjectHandling {};
template <>
struct Handling<GstDevice> : detail::ObjectHandling {};
template <>
struct Handling<GstDeviceMonitor> : detail::ObjectHandling {};
template <>
struct Handling<GstBufferPool> : detail::ObjectHandling {};
template <>
struct Handling<GstWebRTCRTPTransceiver> : detail::ObjectHandling {};
template <>
struct Handling<GstWebRTCDTLSTransport> : detail::ObjectHandling {};
template <>
struct Handling<GstWebRTCICETransport> : detail::ObjectHandling {};

template <>
struct Handling<GstBuffer> : detail::MiniObjectHandling {};
template <>
struct Handling<GstBufferList> : detail::MiniObjectHandling {};
template <>
struct Handling<GstMemory> : detail::MiniObjectHandling {};
template <>
struct Handling<GstSample> : detail::MiniObjectHandling {};
template <>
struct Handling<GstCaps> : detail::MiniObjectHandling {};
template <>
struct Handling<GstEvent> : detail::MiniObjectHandling {};
template <>
struct Handling<GstQuery> : detail::MiniObjectHandling {};
template <>
struct Handling<GstMessage> : detail::MiniObjectHandling {};
template <>
struct Handling<GstPromise> : detail::MiniObjectHandling {};

// Values with one owner: moved, never shared.
template <>
struct Handling<GstStructure> {
  static void unref(GstStructure* p) { gst_structure_free(p); }
};
template <>
struct Handling<GstSDPMessage> {
  static void unref(GstSDPMessage* p) { gst_sdp_message_free(p); }
};
template <>
struct Handling<GstWebRTCSessionDescription> {
  static void unref(GstWebRTCSessionDescription* p) { gst_webrtc_session_description_free(p); }
};
template <>
struct Handling<GError> {
  static void unref(GError* p) { g_error_free(p); }
};
template <>
struct Handling<gchar> {
  static void unref(gchar* p) { g_free(p); }
};
template <>
struct Handling<GList> {
  /// A list of elements somebody else owns; the elements are not released.
  static void unref(GList* p) { g_list_free(p); }
};
template <>
struct Handling<GArray> {
  static void unref(GArray* p) { g_array_unref(p); }
};

/// One owned reference. Null when default-constructed. Copying takes another reference; types with
/// a single owner (GstStructure, GError, ...) can only be moved.
template <class T>
class Ref {
  static constexpr bool kShareable = requires(T * p) { Handling<T>::ref(p); };

 public:
  Ref() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Ref(std::nullptr_t) {}
  Ref(const Ref& other) requires kShareable : p_(other.p_) {
    if (p_ != nullptr) Handling<T>::ref(p_);
  }
  Ref(Ref&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  Ref& operator=(const Ref& other) requires kShareable {
    if (this != &other) Ref(other).swap(*this);
    return *this;
  }
  Ref& operator=(Ref&& other) noexcept {
    if (this != &other) Ref(std::move(other)).swap(*this);
    return *this;
  }
  ~Ref() {
    if (p_ != nullptr) Handling<T>::unref(p_);
  }

  [[nodiscard]] T* get() const { return p_; }
  T* operator->() const { return p_; }
  explicit operator bool() const { return p_ != nullptr; }

  /// Gives the reference away, to a C function that takes ownership (transfer full).
  [[nodiscard]] T* release() { return std::exchange(p_, nullptr); }
  void reset() { Ref().swap(*this); }
  void swap(Ref& other) noexcept { std::swap(p_, other.p_); }
  /// For C functions that write an owned pointer: `gst_foo(..., error.out())`.
  [[nodiscard]] T** out() {
    reset();
    return &p_;
  }

  /// For `adopt` only.
  struct Adopted {};
  Ref(Adopted, T* p) : p_(p) {}

 private:
  T* p_ = nullptr;
};

/// Takes over a reference that the caller already owns (transfer full). Null stays null.
template <class T>
[[nodiscard]] Ref<T> adopt(T* p) {
  return Ref<T>(typename Ref<T>::Adopted{}, p);
}
/// Takes a new reference to something lent (transfer none). Null stays null.
template <class T>
[[nodiscard]] Ref<T> share(T* p) {
  if (p != nullptr) Handling<T>::ref(p);
  return adopt(p);
}
/// Takes over a floating reference, as `gst_element_factory_make` returns.
template <class T>
[[nodiscard]] Ref<T> sink(T* p) {
  if (p != nullptr) g_object_ref_sink(p);
  return adopt(p);
}
/// Copies a C string and frees it. Null gives an empty string.
[[nodiscard]] inline std::string take_string(gchar* text) {
  const Ref<gchar> owned = adopt(text);
  return owned ? std::string(owned.get()) : std::string();
}

}  // namespace surveillx::gst
