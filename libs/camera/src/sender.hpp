#pragma once

#include "surveillx/camera/publisher.hpp"
#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/signal_guard.hpp"
#include "surveillx/ice/server.hpp"
#include "surveillx/signaling/messages.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace surveillx::camera {

/// The servers of a `welcome`, one a URL; a URL that names none is logged and left out.
[[nodiscard]] std::vector<ice::Server> servers_of(const std::vector<signaling::IceServer>& welcome);
/// kbit/s for a picture of this size: 2500 at 1280x720, less than proportional to the pixels.
[[nodiscard]] int default_bitrate_kbps(frame::Size size);
/// The elements between raw pictures and webrtcbin's sink, as gst-launch text; the encoder is
/// called `encoder`. `unavailable` names the package of a missing encoder.
[[nodiscard]] Result<std::string> encoder_pipeline(Codec codec, int bitrate_kbps, int fps);

/// One WebRTC session that sends: appsrc, encoder, payloader, webrtcbin (SENDONLY, NACK), in a
/// pipeline of its own. Thread-safe. Keyframe requests of the receiver travel up to the encoder by
/// themselves (GstForceKeyUnit).
class Sender : public std::enable_shared_from_this<Sender> {
 public:
  struct Options {
    Codec codec = Codec::vp8;
    int bitrate_kbps = 0;
    int fps = 30;
    IcePolicy ice_policy = IcePolicy::all;
    std::vector<ice::Server> ice_servers;
    bool loopback_only = false;
  };
  /// On GStreamer's threads; none runs after `close` has returned.
  struct Events {
    std::function<void(std::string sdp)> on_offer;
    std::function<void(std::string candidate, int mline_index)> on_candidate;
    std::function<void()> on_live;
    std::function<void(std::string reason)> on_failed;
  };
  /// Builds and starts it; the offer comes by itself. `unavailable`, `pipeline_error`.
  [[nodiscard]] static Result<std::shared_ptr<Sender>> create(const Options& options,
                                                              Events events);
  ~Sender();

  /// A raw picture; the newest replaces one that the encoder has not taken.
  void push(const gst::Ref<GstSample>& picture);
  void set_answer(const std::string& sdp);
  /// Queued until the answer is set; an empty one is the list's end.
  void add_candidate(const std::string& candidate, int mline_index);
  /// Ends it; the pipeline is released by the reaper. Not from an event.
  void close();

 private:
  struct Key {};

 public:
  Sender(Key, const Options& options, Events events)
      : options_(options), events_(std::move(events)) {}

 private:
  [[nodiscard]] Result<void> build();
  void configure_ice();
  void connect_signals();
  void make_offer();
  void offered(const std::string& sdp);
  void answered(const std::string& problem);
  void connection_changed();
  void failed(const std::string& reason);
  void choose_bitrate(GstSample* picture);
  void ask_for_keyframe();
  [[nodiscard]] gst::Ref<GstElement> webrtcbin();

  Options options_;
  Events events_;
  Gate gate_;
  std::mutex mutex_;
  gst::Ref<GstElement> pipeline_;
  gst::Ref<GstElement> webrtcbin_;
  gst::Ref<GstElement> appsrc_;
  gst::Ref<GstElement> encoder_;
  std::vector<gst::SignalGuard> signals_;
  std::vector<std::pair<std::string, int>> waiting_;  ///< Remote candidates before the answer.
  bool answered_ = false;
  bool offering_ = false;
  bool bitrate_chosen_ = false;
};

}  // namespace surveillx::camera
