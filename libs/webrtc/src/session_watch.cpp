#include "surveillx/base/log.hpp"
#include "surveillx/gst/promise.hpp"

#include "session.hpp"
#include "timer_thread.hpp"

#include <algorithm>

namespace surveillx::webrtc {
namespace {

using namespace std::chrono_literals;
using domain::CameraState;

constexpr auto kWatchInterval = 1s;
constexpr auto kFpsWindow = 2s;

std::string text_field(const GstStructure* structure, const char* name) {
  const char* text = gst_structure_get_string(structure, name);
  return text != nullptr ? text : "";
}

/// `host 127.0.0.1:53412 udp` from a candidate of webrtcbin's statistics.
std::string describe_candidate(const GstStructure* candidate) {
  guint port = 0;
  gst_structure_get_uint(candidate, "port", &port);
  auto kind = text_field(candidate, "candidate-type");
  return kind + " " + text_field(candidate, "address") + ":" + std::to_string(port) + " " +
         text_field(candidate, "protocol");
}

struct Pair {
  std::string local;
  std::string remote;
};

const GstStructure* nested(const GstStructure* reply, const std::string& id) {
  const GValue* value = gst_structure_get_value(reply, id.c_str());
  return value != nullptr && GST_VALUE_HOLDS_STRUCTURE(value) ? gst_value_get_structure(value)
                                                              : nullptr;
}

/// Follows the ids that the candidate pair names: the `type` of the two entries is swapped in
/// GStreamer 1.22.0, so that it calls the local candidate remote.
Pair selected_pair(const GstStructure* reply) {
  Pair pair;
  for (int i = 0; i < gst_structure_n_fields(reply); ++i) {
    const auto* entry = nested(reply, gst_structure_nth_field_name(reply, static_cast<guint>(i)));
    if (entry == nullptr) continue;
    GstWebRTCStatsType type{};
    gst_structure_get(entry, "type", GST_TYPE_WEBRTC_STATS_TYPE, &type, nullptr);
    if (type != GST_WEBRTC_STATS_CANDIDATE_PAIR) continue;
    const auto* local = nested(reply, text_field(entry, "local-candidate-id"));
    const auto* remote = nested(reply, text_field(entry, "remote-candidate-id"));
    if (local != nullptr) pair.local = describe_candidate(local);
    if (remote != nullptr) pair.remote = describe_candidate(remote);
  }
  return pair;
}

const char* nick_of(gpointer object, const char* property) {
  GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), property);
  if (spec == nullptr || !G_IS_PARAM_SPEC_ENUM(spec)) return "";
  gint value = 0;
  g_object_get(object, property, &value, nullptr);
  const GEnumValue* named = g_enum_get_value(G_PARAM_SPEC_ENUM(spec)->enum_class, value);
  return named != nullptr ? named->value_nick : "";
}

}  // namespace

void Session::watch() {
  const auto now = std::chrono::steady_clock::now();
  SteadyTime next = now + kWatchInterval;
  bool over = false;
  bool ask_keyframe = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_) return;
    const bool had_frame = frames_ > 0;
    const auto since = had_frame ? last_frame_ : started_;
    const auto quiet = now - since;
    over = quiet >= options_.end_after;
    if (had_frame && quiet >= options_.offline_after) {
      set_state_locked(CameraState::offline);
    } else if (had_frame && quiet >= options_.stale_after) {
      set_state_locked(CameraState::stale);
    }
    for (const auto limit : {options_.stale_after, options_.offline_after, options_.end_after}) {
      if (since + limit > now) next = std::min(next, since + limit);
    }
    // Packets arrive and no picture comes of them: the keyframe was lost, or its request.
    const auto packets = packets_.load(std::memory_order_relaxed);
    ask_keyframe = packets != packets_at_last_watch_ && quiet >= kWatchInterval;
    packets_at_last_watch_ = packets;
  }
  outbox_.flush();
  if (over) {
    end(EndReason::no_frames, "no frame for " + std::to_string(options_.end_after.count()) + " ms");
    return;
  }
  refresh_soon(ask_keyframe);
  TimerThread::instance().at(next, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->watch();
  });
}

void Session::set_state_locked(CameraState state) {
  if (state_ == state) return;
  state_ = state;
  // Queued under the lock, so that states go out in the order they were decided; the caller
  // flushes.
  outbox_.push([weak = weak_from_this(), state] {
    const auto self = weak.lock();
    if (!self) return;
    self->emit([&](const SessionEvents& events) {
      if (events.on_state) events.on_state(state);
    });
  });
}

std::uint64_t Session::frame_decoded(SteadyTime now, frame::Size size) {
  std::uint64_t seq = 0;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_) return 0;
    seq = ++frames_;
    first = seq == 1;
    last_frame_ = now;
    size_ = size;
    recent_frames_.push_back(now);
    while (now - recent_frames_.front() > kFpsWindow) recent_frames_.pop_front();
    set_state_locked(CameraState::live);
  }
  outbox_.flush();
  if (first) {
    log::info("session.live", {camera_field(),
                               session_field(),
                               {"codec", to_string(offer_.codec)},
                               {"width", size.width},
                               {"height", size.height}});
    refresh_stats();
  }
  return seq;
}

void Session::end(EndReason reason, const std::string& detail) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_) return;
    ended_ = true;
  }
  log::info("session.ended",
            {camera_field(), session_field(), {"reason", to_string(reason)}, {"detail", detail}});
  outbox_.release([weak = weak_from_this(), reason, detail] {
    const auto self = weak.lock();
    if (!self) return;
    self->emit([&](const SessionEvents& events) {
      if (events.on_end) events.on_end(reason, detail);
    });
  });
}

void Session::end_if_still_failed() {
  gst::Ref<GstElement> bin;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    bin = webrtcbin_;
  }
  GstWebRTCICEConnectionState ice{};
  g_object_get(bin.get(), "ice-connection-state", &ice, nullptr);
  if (ice == GST_WEBRTC_ICE_CONNECTION_STATE_FAILED) {
    end(EndReason::ice_failed, "no path to the camera: ICE failed");
  }
}

void Session::refresh_soon(bool ask_keyframe) {
  aside([weak = weak_from_this(), ask_keyframe] {
    const auto self = weak.lock();
    if (!self) return;
    if (ask_keyframe) self->request_keyframe();
    self->refresh_stats();
  });
}

void Session::keep_transport_states(GstElement* webrtcbin, GObject* dtls) {
  const std::string ice = webrtcbin != nullptr ? nick_of(webrtcbin, "ice-connection-state") : "";
  const std::string handshake = dtls != nullptr ? nick_of(dtls, "state") : "";
  const std::lock_guard lock(mutex_);
  if (!ice.empty()) ice_state_ = ice;
  if (!handshake.empty()) dtls_state_ = handshake;
}

void Session::refresh_stats() {
  gst::Ref<GstElement> bin;
  gst::Ref<GstElement> jitterbuffer;
  gst::Ref<GObject> dtls;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || !local_set_) return;
    bin = webrtcbin_;
    jitterbuffer = jitterbuffer_;
    dtls = dtls_;
  }
  keep_transport_states(bin.get(), dtls.get());
  if (jitterbuffer) {
    gst::Ref<GstStructure> counters;
    g_object_get(jitterbuffer.get(), "stats", counters.out(), nullptr);
    guint64 lost = 0;
    guint64 requested = 0;
    if (counters) {
      gst_structure_get_uint64(counters.get(), "num-lost", &lost);
      gst_structure_get_uint64(counters.get(), "rtx-count", &requested);
    }
    const std::lock_guard lock(mutex_);
    packets_lost_ = static_cast<std::int64_t>(lost);
    nacks_sent_ = requested;
  }
  const auto promise = gst::make_promise([weak = weak_from_this()](const GstStructure* reply) {
    const auto self = weak.lock();
    if (!self || reply == nullptr) return;
    auto pair = selected_pair(reply);
    if (pair.local.empty() || pair.remote.empty()) return;
    const std::lock_guard lock(self->mutex_);
    self->local_candidate_ = std::move(pair.local);
    self->remote_candidate_ = std::move(pair.remote);
  });
  g_signal_emit_by_name(bin.get(), "get-stats", nullptr, promise.get());
}

SessionStats Session::stats() const {
  SessionStats stats;
  stats.packets_received = packets_.load(std::memory_order_relaxed);
  stats.packets_refused = packets_refused_.load(std::memory_order_relaxed);
  stats.frames_skipped = catch_up_.skipped();
  stats.keyframe_requests = keyframe_requests_.load(std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  stats.local_candidate = local_candidate_;
  stats.remote_candidate = remote_candidate_;
  stats.ice_state = closed_ ? "closed" : ice_state_;
  stats.dtls_state = closed_ ? "closed" : dtls_state_;
  stats.packets_lost = packets_lost_;
  stats.nacks_sent = nacks_sent_;
  stats.codec = offer_.codec;
  stats.frames_decoded = frames_;
  stats.size = size_;
  const auto now = std::chrono::steady_clock::now();
  const auto first = std::find_if(recent_frames_.begin(), recent_frames_.end(),
                                  [now](SteadyTime t) { return now - t <= kFpsWindow; });
  const auto count = recent_frames_.end() - first;
  if (count > 1) {
    const std::chrono::duration<double> span = recent_frames_.back() - *first;
    if (span.count() > 0) stats.fps = static_cast<double>(count - 1) / span.count();
  }
  return stats;
}

CameraState Session::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace surveillx::webrtc
