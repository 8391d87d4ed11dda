#include "transport.hpp"

#include "surveillx/base/timer_thread.hpp"
#include "surveillx/decode/rtp_packet.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/promise.hpp"
#include "surveillx/ice/local_addresses.hpp"

#include "candidate_pair.hpp"
#include "peer_certificate.hpp"

#include <chrono>
#include <utility>

namespace surveillx::webrtc {
namespace {

using namespace std::chrono_literals;
using stream::EndReason;

constexpr auto kFailedGrace = 1'500ms;

const char* nick_of(gpointer object, const char* property) {
  GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), property);
  if (spec == nullptr || !G_IS_PARAM_SPEC_ENUM(spec)) return "";
  gint value = 0;
  g_object_get(object, property, &value, nullptr);
  const GEnumValue* named = g_enum_get_value(G_PARAM_SPEC_ENUM(spec)->enum_class, value);
  return named != nullptr ? named->value_nick : "";
}

}  // namespace

Transport::Transport(gst::Ref<GstElement> webrtcbin, SessionName name, OnFailed on_failed)
    : name_(std::move(name)), on_failed_(std::move(on_failed)), webrtcbin_(std::move(webrtcbin)) {}

gst::Ref<GstElement> Transport::webrtcbin() const {
  const std::lock_guard lock(mutex_);
  return webrtcbin_;
}

Result<void> Transport::configure(const IceOptions& options) {
  const auto bin = webrtcbin();
  gst::Ref<GObject> ice;
  g_object_get(bin.get(), "ice-agent", ice.out(), nullptr);
  if (!ice) return Error{gst::kPipelineError, "webrtcbin has no ICE agent"};
  // libnice takes any address here and then silently gathers nothing on it.
  if (auto there = ice::check_gatherable(options.local_addresses); !there) return there;
  for (const auto& address : options.local_addresses) {
    gboolean added = FALSE;
    g_signal_emit_by_name(ice.get(), "add-local-ip-address", address.c_str(), &added);
    if (added == FALSE) {
      return Error{ice::kBadIceAddress, "libnice refuses the address " + address};
    }
  }
  const auto set_if_there = [](GObject* object, const char* property, auto value) {
    if (gst::has_property(object, property)) g_object_set(object, property, value, nullptr);
  };
  if (options.min_port != 0) {
    set_if_there(ice.get(), "min-rtp-port", static_cast<guint>(options.min_port));
  }
  if (options.max_port != 0) {
    set_if_there(ice.get(), "max-rtp-port", static_cast<guint>(options.max_port));
  }
  gst::Ref<GObject> agent;
  if (gst::has_property(ice.get(), "agent")) g_object_get(ice.get(), "agent", agent.out(), nullptr);
  if (agent) {
    set_if_there(agent.get(), "upnp", FALSE);
    set_if_there(agent.get(), "ice-tcp", FALSE);
  }
  for (const auto& server : options.servers) {
    const std::string url = server.element_url();
    if (!server.is_turn()) {
      g_object_set(bin.get(), "stun-server", url.c_str(), nullptr);
      continue;
    }
    gboolean added = FALSE;
    g_signal_emit_by_name(bin.get(), "add-turn-server", url.c_str(), &added);
    // The URL holds a password: it is not repeated here.
    if (added == FALSE) {
      log::warn("session.turn_refused", {name_.camera_field(), name_.session_field()});
    }
  }
  return {};
}

void Transport::connect() {
  const auto bin = webrtcbin();
  auto guard = gst::connect<>(bin.get(), "notify::ice-connection-state", [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_ice_state();
  });
  const std::lock_guard lock(mutex_);
  signals_.push_back(std::move(guard));
}

void Transport::on_ice_state() {
  const auto bin = webrtcbin();
  if (!bin) return;
  GstWebRTCICEConnectionState ice{};
  g_object_get(bin.get(), "ice-connection-state", &ice, nullptr);
  keep_states(bin.get(), nullptr);
  if (ice != GST_WEBRTC_ICE_CONNECTION_STATE_FAILED) return;
  // Before the last candidate has come, libnice may fail and recover.
  aside_after(kFailedGrace, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->fail_if_still_failed();
  });
}

void Transport::fail_if_still_failed() {
  const auto bin = webrtcbin();
  if (!bin) return;
  GstWebRTCICEConnectionState ice{};
  g_object_get(bin.get(), "ice-connection-state", &ice, nullptr);
  if (ice == GST_WEBRTC_ICE_CONNECTION_STATE_FAILED) {
    on_failed_(EndReason::ice_failed, "no path to the camera: ICE failed");
  }
}

void Transport::described() {
  const auto bin = webrtcbin();
  if (!bin) return;
  watch_dtls(bin.get());
  drop_data(bin.get());
}

void Transport::watch_dtls(GstElement* webrtcbin) {
  gst::Ref<GArray> transceivers;
  g_signal_emit_by_name(webrtcbin, "get-transceivers", transceivers.out());
  gst::Ref<GObject> dtls;
  for (guint i = 0; transceivers && i < transceivers->len && !dtls; ++i) {
    gst::Ref<GObject> receiver;
    g_object_get(g_array_index(transceivers.get(), GstWebRTCRTPTransceiver*, i), "receiver",
                 receiver.out(), nullptr);
    if (receiver) g_object_get(receiver.get(), "transport", dtls.out(), nullptr);
  }
  if (!dtls) return;
  auto guard = gst::connect<>(dtls.get(), "notify::state", [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_dtls_state();
  });
  const std::lock_guard lock(mutex_);
  if (!webrtcbin_) return;
  dtls_ = std::move(dtls);
  signals_.push_back(std::move(guard));
}

void Transport::drop_data(GstElement* webrtcbin) {
  const auto decoder = gst::child_of_kind(webrtcbin, "dtlssrtpdec");
  const auto pad = decoder ? gst::static_pad(decoder.get(), "data_src") : nullptr;
  if (!pad) return;
  // Data channels are refused, and a peer that opens one all the same sends SCTP over DTLS. The pad
  // leads nowhere: "not linked" would travel up to nicesrc and end the session.
  auto probe = gst::ProbeGuard::add_filter(pad.get(), decode::kBuffers,
                                           [](GstPad*, GstPadProbeInfo*) { return false; });
  const std::lock_guard lock(mutex_);
  if (webrtcbin_) probes_.push_back(std::move(probe));
}

void Transport::on_dtls_state() {
  gst::Ref<GObject> dtls;
  {
    const std::lock_guard lock(mutex_);
    if (!webrtcbin_ || !dtls_) return;
    dtls = dtls_;
  }
  GstWebRTCDTLSTransportState state{};
  g_object_get(dtls.get(), "state", &state, nullptr);
  keep_states(nullptr, dtls.get());
  if (state == GST_WEBRTC_DTLS_TRANSPORT_STATE_FAILED) {
    on_failed_(EndReason::dtls_failed, "the DTLS handshake failed");
  } else if (state == GST_WEBRTC_DTLS_TRANSPORT_STATE_CLOSED) {
    on_failed_(EndReason::closed, "the camera closed its connection");
  }
}

bool Transport::has_named_certificate(const std::vector<std::string>& fingerprints) const {
  const auto bin = webrtcbin();
  const auto decoder = bin ? gst::child_of_kind(bin.get(), "dtlsdec") : nullptr;
  gchar* pem = nullptr;
  if (decoder) g_object_get(decoder.get(), "peer-pem", &pem, nullptr);
  return is_named_certificate(gst::take_string(pem), fingerprints);
}

void Transport::keep_states(GstElement* webrtcbin, GObject* dtls) {
  const std::string ice = webrtcbin != nullptr ? nick_of(webrtcbin, "ice-connection-state") : "";
  const std::string handshake = dtls != nullptr ? nick_of(dtls, "state") : "";
  const std::lock_guard lock(mutex_);
  if (!ice.empty()) ice_state_ = ice;
  if (!handshake.empty()) dtls_state_ = handshake;
}

void Transport::refresh() {
  gst::Ref<GstElement> bin;
  gst::Ref<GObject> dtls;
  {
    const std::lock_guard lock(mutex_);
    if (!webrtcbin_) return;
    bin = webrtcbin_;
    dtls = dtls_;
  }
  keep_states(bin.get(), dtls.get());
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

void Transport::tell(SessionStats& stats) const {
  const std::lock_guard lock(mutex_);
  stats.local_candidate = local_candidate_;
  stats.remote_candidate = remote_candidate_;
  stats.ice_state = webrtcbin_ ? ice_state_ : "closed";
  stats.dtls_state = webrtcbin_ ? dtls_state_ : "closed";
}

void Transport::close() {
  // Moved out under the lock, dropped without it: a guard waits for handlers, which take the lock.
  std::vector<gst::SignalGuard> signals;
  std::vector<gst::ProbeGuard> probes;
  gst::Ref<GstElement> bin;
  gst::Ref<GObject> dtls;
  {
    const std::lock_guard lock(mutex_);
    signals.swap(signals_);
    probes.swap(probes_);
    bin.swap(webrtcbin_);
    dtls.swap(dtls_);
  }
  signals.clear();
  probes.clear();
}

}  // namespace surveillx::webrtc
