#include "session.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/base/timer_thread.hpp"
#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/gst/sdp.hpp"

#include <utility>

namespace surveillx::webrtc {

using namespace std::chrono_literals;
using stream::EndReason;

Session::Session(const SessionOptions& options, Offer offer,
                 std::shared_ptr<stream::CameraStream> stream, SessionEvents events)
    : options_(options),
      offer_(std::move(offer)),
      name_{stream->options().camera, stream->options().id},
      events_(std::move(events)),
      stream_(std::move(stream)) {}

Session::~Session() { close(); }

Result<void> Session::start() {
  if (auto ready = gst::init(); !ready) return ready;
  // Parsed again by the library that will act on it, before anything is built.
  auto offer = gst::description(GST_WEBRTC_SDP_TYPE_OFFER, offer_.sdp);
  if (!offer) return Error{kBadSdp, offer.error().message};
  auto bin = gst::make("webrtcbin", "webrtc");
  if (!bin) return bin.error();
  webrtcbin_ = std::move(*bin);
  pipeline_ = gst::sink(gst_pipeline_new(nullptr));
  gst_bin_add(GST_BIN(pipeline_.get()), webrtcbin_.get());
  gst::drain_bus(pipeline_.get(), [weak = weak_from_this()](const gst::BusEvent& event) {
    const auto self = weak.lock();
    if (!self || event.kind != gst::BusEvent::Kind::error) return;
    self->give_up(EndReason::pipeline_error, event.source + ": " + event.message);
  });
  gst_util_set_object_arg(G_OBJECT(webrtcbin_.get()), "bundle-policy", "max-bundle");
  g_object_set(webrtcbin_.get(), "latency", static_cast<guint>(options_.jitter_latency.count()),
               nullptr);
  make_parts();
  stream_->set_codec(offer_.codec);
  stream_->attach(weak_from_this());  // From here on others ask things of the parts.
  if (auto ice = transport_->configure(options_.ice); !ice) return ice;
  transport_->connect();
  receiver_->connect(webrtcbin_.get());
  negotiation_->connect();
  calls_.hold();  // Candidates wait until the answer has gone out.
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    return Error{gst::kPipelineError, "webrtcbin does not start"};
  }
  negotiation_->begin(offer->get());
  stream_->begin();
  return {};
}

void Session::make_parts() {
  const auto fail = [weak = weak_from_this()](EndReason reason, const std::string& detail) {
    if (const auto self = weak.lock()) self->give_up(reason, detail);
  };
  transport_ = std::make_shared<Transport>(webrtcbin_, name_, fail);
  receiver_ = std::make_shared<Receiver>(
      pipeline_, offer_, options_, stream_,
      [weak = std::weak_ptr(transport_), named = offer_.fingerprints] {
        const auto transport = weak.lock();
        return transport && transport->has_named_certificate(named);
      },
      fail);
  NegotiationEvents events;
  events.on_answer = [weak = weak_from_this()](const std::string& sdp) {
    if (const auto self = weak.lock()) self->answered(sdp);
  };
  events.on_candidate = [weak = weak_from_this()](const std::string& candidate) {
    if (const auto self = weak.lock()) self->candidate_found(candidate);
  };
  events.on_described = [weak = std::weak_ptr(transport_)] {
    if (const auto transport = weak.lock()) transport->described();
  };
  events.on_failed = fail;
  negotiation_ = std::make_shared<Negotiation>(webrtcbin_, offer_, options_.ice, name_,
                                               std::move(events));
}

void Session::answered(const std::string& sdp) {
  if (closed_ || ended_) return;
  log::info("session.answered", {name_.camera_field(),
                                 name_.session_field(),
                                 {"codec", stream::to_string(offer_.codec)},
                                 {"trickle", offer_.trickle}});
  calls_.release([weak = weak_from_this(), sdp] {
    const auto self = weak.lock();
    if (!self) return;
    self->emit([&](const SessionEvents& events) {
      if (events.on_answer) events.on_answer(sdp);
    });
  });
}

void Session::candidate_found(const std::string& candidate) {
  calls_.post([weak = weak_from_this(), candidate] {
    const auto self = weak.lock();
    if (!self) return;
    self->emit([&](const SessionEvents& events) {
      if (events.on_candidate) events.on_candidate(candidate, self->offer_.carrier_mline);
    });
  });
}

void Session::add_candidate(const std::string& candidate, int mline_index) {
  negotiation_->add_candidate(candidate, mline_index);
}

SessionStats Session::stats() const {
  SessionStats stats;
  transport_->tell(stats);
  receiver_->tell(stats);
  const auto numbers = stream_->numbers();
  stats.codec = numbers.codec;
  stats.size = numbers.size;
  stats.fps = numbers.fps;
  stats.frames_decoded = numbers.frames_decoded;
  return stats;
}

void Session::set_decoding(bool wanted) { receiver_->set_decoding(wanted); }

void Session::request_keyframe() {
  aside([weak = std::weak_ptr(receiver_)] {
    if (const auto receiver = weak.lock()) receiver->request_keyframe();
  });
}

void Session::give_up(EndReason reason, const std::string& detail) {
  if (closed_ || ended_.exchange(true)) return;
  // In front of candidates that wait for an answer, which does not come any more.
  calls_.release([stream = stream_, reason, detail] { stream->end(reason, detail); });
}

void Session::tend(std::chrono::milliseconds quiet) {
  // Packets arrive and no picture comes of them: the keyframe was lost, or its request.
  const auto packets = receiver_->packets_received();
  const bool starved = packets != packets_when_tended_ && quiet >= 1s;
  packets_when_tended_ = packets;
  aside([weak = weak_from_this(), starved] {
    const auto self = weak.lock();
    if (!self || self->closed_) return;
    if (starved) self->receiver_->request_keyframe();
    if (!self->negotiation_->described()) return;
    self->receiver_->refresh();
    self->transport_->refresh();
  });
}

void Session::close() {
  if (closed_.exchange(true)) return;
  // The order is that of docs/teardown.md. First the owner's callbacks: none after these lines.
  if (!gate_.close()) {
    log::error("session.callback_stuck", {name_.camera_field(), name_.session_field()});
  }
  calls_.clear();
  stream_->close();
  if (negotiation_) {
    negotiation_->close();
    transport_->close();
    receiver_->close();
  }
  if (pipeline_) gst::reap_webrtc(std::move(pipeline_), std::move(webrtcbin_));
}

Result<std::shared_ptr<PeerSession>> PeerSession::answer(
    const SessionOptions& options, const std::string& offer_sdp,
    std::shared_ptr<stream::CameraStream> stream, SessionEvents events) {
  auto offer = read_offer(offer_sdp);
  if (!offer) return offer.error();
  auto session =
      std::make_shared<Session>(options, std::move(*offer), std::move(stream), std::move(events));
  if (auto started = session->start(); !started) {
    session->close();
    return started.error();
  }
  return std::shared_ptr<PeerSession>(std::move(session));
}

}  // namespace surveillx::webrtc
