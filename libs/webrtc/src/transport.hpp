#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/gst/ref.hpp"
#include "surveillx/gst/signal_guard.hpp"
#include "surveillx/stream/end_reason.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "session_name.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace surveillx::webrtc {

/// A webrtcbin's way to the peer: its ICE agent and its DTLS transport, whether they stand, and what
/// they say of themselves. Thread-safe.
class Transport : public std::enable_shared_from_this<Transport> {
 public:
  /// There is no way any more. On webrtcbin's threads or a spare one.
  using OnFailed = std::function<void(stream::EndReason, std::string detail)>;

  Transport(gst::Ref<GstElement> webrtcbin, SessionName name, OnFailed on_failed);

  /// Addresses, ports and servers, before the pipeline runs. `ice_address` for one that cannot be used.
  [[nodiscard]] Result<void> configure(const IceOptions& ice);
  /// Watches ICE.
  void connect();
  /// Once webrtcbin has made the DTLS transport: watches it, and throws away what comes beside RTP.
  void described();
  /// The certificate that the peer showed is among these (RFC 8122); false before the handshake.
  [[nodiscard]] bool has_named_certificate(const std::vector<std::string>& fingerprints) const;
  /// Reads states and the candidate pair for `tell`, which then never waits for GStreamer.
  void refresh();
  void tell(SessionStats& stats) const;
  /// Lets go; waits for handlers that run.
  void close();

 private:
  [[nodiscard]] gst::Ref<GstElement> webrtcbin() const;
  void on_ice_state();
  void fail_if_still_failed();
  void watch_dtls(GstElement* webrtcbin);
  void on_dtls_state();
  void drop_data(GstElement* webrtcbin);
  /// Notes the states of what is not null.
  void keep_states(GstElement* webrtcbin, GObject* dtls);

  const SessionName name_;
  const OnFailed on_failed_;

  mutable std::mutex mutex_;  ///< Guards what follows; never held while calling out.
  gst::Ref<GstElement> webrtcbin_;
  gst::Ref<GObject> dtls_;
  std::vector<gst::SignalGuard> signals_;
  std::vector<gst::ProbeGuard> probes_;
  std::string ice_state_ = "new";
  std::string dtls_state_ = "new";
  std::string local_candidate_;
  std::string remote_candidate_;
};

}  // namespace surveillx::webrtc
