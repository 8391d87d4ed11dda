#pragma once

#include "surveillx/decode/decode_chain.hpp"
#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/reaper.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::decode::test {

/// A CameraSource over any pipeline text that ends in encoded video: the last element is named
/// `out` and gets its source pad now or later. Played from a file it is `filesrc location=F !
/// matroskademux name=out`.
class PipelineSource : public stream::CameraSource,
                       public std::enable_shared_from_this<PipelineSource> {
 public:
  [[nodiscard]] static std::shared_ptr<PipelineSource> play(
      const std::string& text, std::shared_ptr<stream::CameraStream> stream) {
    auto source = std::make_shared<PipelineSource>();
    source->stream_ = std::move(stream);
    source->start(text);
    return source;
  }
  ~PipelineSource() override { close(); }

  void set_decoding(bool wanted) override {
    if (const auto there = chain()) there->set_decoding(wanted);
  }
  void request_keyframe() override {
    if (const auto there = chain()) there->request_keyframe();
  }
  void give_up(stream::EndReason reason, const std::string& detail) override {
    stream_->end(reason, detail);
  }
  void tend(std::chrono::milliseconds /*quiet*/) override {}
  void close() override {
    stream_->close();
    std::shared_ptr<DecodeChain> chain;
    std::vector<gst::SignalGuard> signals;
    gst::Ref<GstElement> pipeline;
    {
      const std::lock_guard lock(mutex_);
      chain.swap(chain_);
      signals.swap(signals_);
      pipeline.swap(pipeline_);
    }
    signals.clear();
    if (chain) chain->close();
    if (pipeline) gst::reap(std::move(pipeline));
  }

  /// One encoded frame into the `appsrc name=in` of the text.
  void push(const std::vector<std::uint8_t>& frame) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, frame.size(), nullptr);
    gst_buffer_fill(buffer, 0, frame.data(), frame.size());
    GST_BUFFER_PTS(buffer) = pushed_++ * GST_SECOND / 30;
    // RFC 6386 section 9.1: the first bit of a VP8 frame that is not a keyframe.
    if ((frame.front() & 1) != 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    gst_app_src_push_buffer(GST_APP_SRC(gst::child(pipeline_.get(), "in").get()), buffer);
  }
  /// Nothing more is pushed.
  void finish() { gst_app_src_end_of_stream(GST_APP_SRC(gst::child(pipeline_.get(), "in").get())); }
  [[nodiscard]] std::shared_ptr<DecodeChain> chain() const {
    const std::lock_guard lock(mutex_);
    return chain_;
  }

 private:
  void start(const std::string& text) {
    stream_->attach(weak_from_this());
    pipeline_ = gst::parse_pipeline(text).value();
    const std::weak_ptr<PipelineSource> weak = weak_from_this();
    gst::drain_bus(pipeline_.get(), [weak](const gst::BusEvent& event) {
      const auto self = weak.lock();
      if (!self || event.kind == gst::BusEvent::Kind::warning) return;
      const bool over = event.kind == gst::BusEvent::Kind::eos;
      self->give_up(over ? stream::EndReason::closed : stream::EndReason::pipeline_error,
                    over ? "the file has ended" : event.message);
    });
    const auto out = gst::child(pipeline_.get(), "out");
    signals_.push_back(gst::connect<GstPad*>(out.get(), "pad-added", [weak](GstPad* pad) {
      if (const auto self = weak.lock()) self->decode(pad);
    }));
    if (const auto there = gst::static_pad(out.get(), "src")) decode(there.get());
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    stream_->begin();
  }

  void decode(GstPad* pad) {
    const auto caps = gst::adopt(gst_pad_query_caps(pad, nullptr));
    const auto h264 = gst::adopt(gst_caps_new_empty_simple("video/x-h264"));
    ChainOptions options;
    options.codec = gst_caps_is_any(caps.get()) == FALSE &&
                            gst_caps_can_intersect(caps.get(), h264.get()) != FALSE
                        ? stream::Codec::h264
                        : stream::Codec::vp8;
    auto made = DecodeChain::create(
        options, stream_, nullptr,
        [weak = weak_from_this()](stream::EndReason reason, const std::string& detail) {
          if (const auto self = weak.lock()) self->give_up(reason, detail);
        });
    const auto chain = std::move(made).value();
    {
      const std::lock_guard lock(mutex_);
      chain_ = chain;
    }
    chain->link(pipeline_.get(), pad).value();
  }

  std::shared_ptr<stream::CameraStream> stream_;
  std::uint64_t pushed_ = 0;
  mutable std::mutex mutex_;
  gst::Ref<GstElement> pipeline_;
  std::vector<gst::SignalGuard> signals_;
  std::shared_ptr<DecodeChain> chain_;
};

}  // namespace surveillx::decode::test
