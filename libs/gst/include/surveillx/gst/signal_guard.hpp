#pragma once

#include "surveillx/base/gate.hpp"
#include "surveillx/gst/ref.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace surveillx::gst {

/// A connected signal handler. The destructor and `disconnect` remove the handler and wait for one
/// that is running on another thread. The guard holds no reference to the object (it would keep it
/// alive through a cycle), only a weak one. The closure should capture `weak_ptr`s: GObject may
/// keep it for as long as an emission lasts.
class SignalGuard {
 public:
  SignalGuard();
  SignalGuard(SignalGuard&& other) noexcept;
  SignalGuard& operator=(SignalGuard&& other) noexcept;
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
  ~SignalGuard();

  void disconnect();

  using Handler = std::function<void(std::span<const GValue> arguments, GValue* result)>;
  /// Used by `connect`: arguments without the instance; `result` is null for void signals.
  [[nodiscard]] static SignalGuard connect_raw(gpointer object, const char* signal,
                                               Handler handler);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

namespace detail {
template <class T>
T from_value(const GValue& value) {
  if constexpr (std::is_same_v<T, const char*>) {
    return g_value_get_string(&value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return g_value_get_boolean(&value) != FALSE;
  } else if constexpr (std::is_same_v<T, guint>) {
    return g_value_get_uint(&value);
  } else if constexpr (std::is_same_v<T, gint>) {
    return g_value_get_int(&value);
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    return g_value_get_uint64(&value);
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(g_value_get_enum(&value));
  } else {
    static_assert(std::is_pointer_v<T>, "add how this type is read from a GValue");
    if (G_VALUE_HOLDS_OBJECT(&value)) return static_cast<T>(g_value_get_object(&value));
    if (G_VALUE_HOLDS_BOXED(&value)) return static_cast<T>(g_value_get_boxed(&value));
    if (G_VALUE_HOLDS_PARAM(&value)) {
      return reinterpret_cast<T>(g_value_get_param(&value));  // A GParamSpec*, for notify.
    }
    return static_cast<T>(g_value_get_pointer(&value));
  }
}

template <class... Args, class F, std::size_t... I>
void call_with_values(F& f, [[maybe_unused]] std::span<const GValue> values,
                      std::index_sequence<I...>) {
  f(from_value<Args>(values[I])...);
}
}  // namespace detail

/// Connects a void signal. `Args` are the signal's arguments after the instance, all or the first
/// few: `connect<GstPad*>(bin, "pad-added", [weak](GstPad* pad) { ... })`. Called on whichever
/// thread emits. For a property, connect "notify::name" without arguments.
template <class... Args, class F>
[[nodiscard]] SignalGuard connect(gpointer object, const char* signal, F handler) {
  return SignalGuard::connect_raw(
      object, signal,
      [f = std::move(handler)](std::span<const GValue> values, GValue* /*result*/) mutable {
        if (values.size() < sizeof...(Args)) return;
        detail::call_with_values<Args...>(f, values, std::index_sequence_for<Args...>{});
      });
}

/// A pad probe that looks, and lets everything pass unless it is a filter. Removed by the
/// destructor, which waits for a call that is running on another thread.
class ProbeGuard {
 public:
  using Handler = std::function<void(GstPad* pad, GstPadProbeInfo* info)>;
  using Filter = std::function<bool(GstPad* pad, GstPadProbeInfo* info)>;
  ProbeGuard();
  ProbeGuard(ProbeGuard&& other) noexcept;
  ProbeGuard& operator=(ProbeGuard&& other) noexcept;
  ProbeGuard(const ProbeGuard&) = delete;
  ProbeGuard& operator=(const ProbeGuard&) = delete;
  ~ProbeGuard();

  [[nodiscard]] static ProbeGuard add(GstPad* pad, GstPadProbeType mask, Handler handler);
  /// Drops what `keep` says false to; whoever pushed it is told that all is well.
  [[nodiscard]] static ProbeGuard add_filter(GstPad* pad, GstPadProbeType mask, Filter keep);
  void remove();

 private:
  struct Probe;
  std::unique_ptr<Probe> probe_;
};

}  // namespace surveillx::gst
