#include "surveillx/mediaserver/media_server.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "camera_access.hpp"
#include "camera_hub.hpp"
#include "clock_keeper.hpp"
#include "clock_watch.hpp"
#include "database_followers.hpp"
#include "media_http.hpp"
#include "outbox_keeper.hpp"
#include "publisher.hpp"
#include "recognition_service.hpp"
#include "scraped_metrics.hpp"
#include "signaling_server.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/ice/local_addresses.hpp"
#include "surveillx/setup/database.hpp"
#include "surveillx/setup/engine.hpp"
#include "surveillx/setup/keys.hpp"
#include "surveillx/setup/tls.hpp"
#include "surveillx/store/outbox_drainer.hpp"
#include "surveillx/store/stop_limit.hpp"
#include "surveillx/webrtc/peer_session.hpp"

namespace surveillx::mediaserver {
namespace {

constexpr std::size_t kSessionThreads = 2;
constexpr std::size_t kMaxQueuedJobs = 512;
/// What strangers may have waiting: they have 10 s, and a look-up takes less than a millisecond.
constexpr std::size_t kMaxStrangersQueued = 64;
/// One each for the followers' two threads, the drainer, cameras' tokens, strangers' tokens, and one to
/// spare: no stranger's look-up ever holds what the poll for revoked tokens waits for.
constexpr std::size_t kMinConnections = 6;
constexpr std::chrono::milliseconds kDrainTimeout{3'000};
/// For sightings that a full disk has kept in memory; media has four seconds to end in all.
constexpr std::chrono::milliseconds kFlushTimeout{500};
/// Without a heartbeat to send.
constexpr std::chrono::milliseconds kWatchEvery{5'000};
constexpr std::chrono::milliseconds kStopLimit{2'000};  ///< Then SQL under way is given up.

/// Whether a URL's host is loopback by its text, as `web_url` and operators write it.
bool is_this_machine(const std::string& url) {
  const auto start = url.find("://");
  const std::string_view host =
      start == std::string::npos ? std::string_view() : std::string_view(url).substr(start + 3);
  for (const std::string_view name : {"127.0.0.1", "localhost", "[::1]"}) {
    if (!host.starts_with(name)) continue;
    const auto rest = host.substr(name.size());
    if (rest.empty() || rest.front() == ':' || rest.front() == '/') return true;
  }
  return false;
}

class MediaServerImpl final : public MediaServer {
 public:
  explicit MediaServerImpl(MediaServerOptions options)
      : config_(std::move(options.config)),
        version_(std::move(options.version)),
        beat_(std::move(options.heartbeat)),
        beat_every_(options.heartbeat_every),
        zone_(attendance::TimeZone::utc()),
        session_pool_("session", kSessionThreads, kMaxQueuedJobs),
        encode_pool_("encode", 2, kMaxQueuedJobs),
        database_pool_("media-db", 1, kMaxQueuedJobs),
        stranger_pool_("strangers", 1, kMaxStrangersQueued) {}

  ~MediaServerImpl() override { stop(); }

  Result<void> open() {
    if (auto here = check_addresses(); !here) return here;
    if (auto warmed = webrtc::warm_up(); !warmed) return warmed;
    auto zone = attendance::TimeZone::find(config_.attendance.timezone);
    if (!zone) return zone.error();
    zone_ = *zone;
    auto keys = setup::load_or_create_keys(config_);
    if (!keys) return keys.error();
    auto database = setup::database_options(config_);
    database.connections = std::max(database.connections, kMinConnections);
    auto opened = store::Store::open(database, *keys);
    if (!opened) return opened.error();
    store_ = std::move(*opened);
    auto outbox = store::Outbox::open(config_.outbox_dir() + "/outbox.db");
    if (!outbox) return outbox.error();
    outbox_ = std::move(*outbox);

    drainer_ = std::make_unique<store::OutboxDrainer>(
        outbox_, store_->attendance, zone_,
        [this](const domain::Sighting& sighting, const store::Delivery& delivery) {
          delivered(sighting, delivery);
        });
    scraped_ = std::make_unique<ScrapedMetrics>(metrics_, *outbox_, *drainer_);
    clock_keeper_ = std::make_unique<ClockKeeper>(clock_watch_, store_->clocks, metrics_);
    keeper_ = std::make_unique<OutboxKeeper>(*outbox_, *drainer_, store_->people);
    recorder_ = std::make_unique<SightingRecorder>(
        [this](const domain::Sighting& sighting, ByteView snapshot) {
          return outbox_->append(sighting, snapshot, clock_watch_.epoch_of(sighting.at));
        },
        *keys, metrics_, [this] { drainer_->notify(); });
    if (config_.vision.enabled) {
      if (auto ready = open_recognition(); !ready) return ready;
    }
    hub_ = std::make_unique<CameraHub>(
        CameraHub::Parts{loop_, session_pool_, encode_pool_, metrics_, recognition_.get()},
        config_);
    access_ = std::make_unique<CameraAccess>(
        CameraAccess::Parts{loop_, database_pool_, stranger_pool_, *store_, *hub_, session_pool_,
                            metrics_},
        config_);
    signaling_ = std::make_unique<SignalingServer>(
        SignalingServer::Parts{loop_, *access_, metrics_}, config_);
    followers_ = std::make_unique<DatabaseFollowers>(
        *store_, recognition_.get(), metrics_,
        DatabaseFollowers::Events{
            [this](CamerasNews news) {
              loop_.post([this, news = std::move(news)]() mutable {
                access_->set_cameras(std::move(news));
              });
            },
            [this](const std::optional<store::Revisions>& seen) {
              recorder_->retry();
              keeper_->look(seen ? std::optional(seen->gallery) : std::nullopt);
              clock_keeper_->look(seen.has_value());
            }});
    loop_.start("media-loop");
    if (auto loaded = followers_->load_now(); !loaded) return loaded;
    auto http = MediaHttp::listen(loop_, config_, metrics_, *scraped_,
                                  [this](net::Router& router) { signaling_->mount(router); });
    if (!http) return http.error();
    http_ = std::move(*http);
    make_publisher(keys->media_token());
    drainer_->start();
    followers_->start();
    loop_.run_sync([this] {
      const bool beats = beat_ && beat_every_.count() > 0;
      heartbeat_.emplace(loop_);
      heartbeat_->start_repeating(beats ? beat_every_ : kWatchEvery, [this, beats] {
        if (followers_->look_after() && beats) beat_();
      });
    });
    return {};
  }

  [[nodiscard]] std::uint16_t signaling_port() const override { return http_->port(); }
  [[nodiscard]] const std::string& signaling_url() const override { return http_->url(); }

 private:
  /// One that is there is enough to begin with: the others may come with a cable or a lease.
  Result<void> check_addresses() const {
    const auto& configured = config_.ice.local_addresses;
    auto checked = ice::check_local_addresses(configured);
    if (checked || ice::addresses_not_here(configured) == configured) return checked;
    log::warn("media.address_not_here", {{"detail", checked.error().message}});
    return {};
  }

  Result<void> open_recognition() {
    auto engine = vision::Engine::open(setup::engine_options(config_));
    if (!engine) return engine.error();
    const auto& info = (*engine)->info();
    engine_facts_ = {info.name, info.model, info.trial, info.notice};
    log::info("vision.engine", {{"name", info.name}, {"model", info.model}});
    if (!info.notice.empty()) log::warn("vision.notice", {{"notice", info.notice}});
    recognition_ = std::make_unique<RecognitionService>(
        std::move(*engine), session_pool_, *recorder_, metrics_, config_,
        [this](live::Detection detection) {
          loop_.post([this, detection = std::move(detection)] {
            if (hub_) hub_->publish(detection);
          });
        });
    return {};
  }

  void make_publisher(const std::string& media_token) {
    const bool legacy = config_.publish.mode == config::PublishMode::legacy;
    PublisherOptions options;
    options.url = legacy ? config_.publish.url : config_.web_url();
    options.token = legacy ? config_.publish.token : media_token;
    options.version = version_;
    options.node = config_.media.node;
    options.engine = engine_facts_;
    options.publish = config_.publish;
    // The certificate is configured here as well, so no authority has to vouch for it, and it need not
    // be valid for 127.0.0.1. Another machine's web process shows a certificate that we do not have.
    if (!legacy && (config_.publish.url.empty() || is_this_machine(config_.publish.url))) {
      if (const auto tls = config_.web_tls()) options.trust.certificate_file = tls->certificate;
    }
    PublisherEvents events;
    events.on_connect = [this] { hub_->report_all(); };
    events.on_disconnect = [this] {
      if (config_.publish.mode == config::PublishMode::internal) hub_->set_demand({});
    };
    events.on<live::Demand>([this](live::Demand demand) { hub_->set_demand(std::move(demand)); });
    events.on<live::Gallery>([this](const live::Gallery&) { followers_->wake(); });
    loop_.run_sync([&] {
      publisher_ = legacy ? make_legacy_publisher(loop_, std::move(options), std::move(events),
                                                  metrics_)
                          : make_internal_publisher(loop_, std::move(options), std::move(events),
                                                    metrics_);
      hub_->set_publisher(publisher_.get());
      publisher_->start();
    });
  }

  void delivered(const domain::Sighting& sighting, const store::Delivery& delivery) {
    if (!delivery.record) return;
    auto news = live::Attendance::of(*delivery.record);
    news.camera_id = sighting.camera_id;
    news.is_new = delivery.first_of_day;
    loop_.post([this, news = std::move(news)] {
      if (publisher_ && publisher_->connected()) publisher_->attendance(news);
    });
  }

  /// docs/threading.md, "Who frees what when media stops". Safe after an `open` that failed half-way.
  void stop() {
    log::info("media.stopping");
    const store::StopLimit limit(store_ ? store_->shared_database() : nullptr, kStopLimit);
    if (http_) http_->stop_accepting();
    if (followers_) followers_->stop();
    if (hub_) {
      loop_run([this] {
        if (signaling_) signaling_->close_all();
        if (access_) access_->stop();
      });
    }
    // Closes that the hub has posted, and the last sightings that recognition makes, run there.
    if (!session_pool_.wait_idle(kDrainTimeout)) log::warn("media.sessions_still_closing");
    http_.reset();
    session_pool_.stop();
    encode_pool_.stop();
    database_pool_.stop();
    stranger_pool_.stop();
    if (!webrtc::drain(kDrainTimeout)) log::warn("media.drain_timeout");
    if (recorder_) recorder_->finish(kFlushTimeout);
    if (drainer_) {
      wait_for_outbox();
      drainer_->stop();
    }
    // The photo under way has had all this time.
    if (followers_) followers_->join();
    loop_run([this] {
      heartbeat_.reset();
      if (publisher_) publisher_->stop();
      if (hub_) hub_->set_publisher(nullptr);
      publisher_.reset();
      signaling_.reset();
      access_.reset();
      hub_.reset();
    });
    loop_.stop();
    followers_.reset();
    recognition_.reset();
  }

  /// Runs on the loop's thread, or here when the loop was never started.
  void loop_run(const std::function<void()>& fn) {
    if (loop_started()) {
      loop_.run_sync(fn);
    } else {
      fn();
    }
  }
  [[nodiscard]] bool loop_started() const { return hub_ != nullptr || publisher_ != nullptr; }

  /// What is not delivered within a second stays in the outbox for the next start.
  void wait_for_outbox() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    drainer_->notify();
    while (outbox_->size() > 0 && !drainer_->stats().database_down &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  config::Config config_;
  std::string version_;
  std::function<void()> beat_;
  std::chrono::milliseconds beat_every_;
  attendance::TimeZone zone_;
  telemetry::Metrics metrics_;
  net::EventLoop loop_;
  WorkerPool session_pool_;
  WorkerPool encode_pool_;
  WorkerPool database_pool_;
  WorkerPool stranger_pool_;
  std::shared_ptr<store::Store> store_;
  std::shared_ptr<store::Outbox> outbox_;
  std::unique_ptr<store::OutboxDrainer> drainer_;
  std::unique_ptr<ScrapedMetrics> scraped_;
  ClockWatch clock_watch_{system_clock()};
  std::unique_ptr<ClockKeeper> clock_keeper_;
  std::unique_ptr<OutboxKeeper> keeper_;
  std::unique_ptr<SightingRecorder> recorder_;
  live::EngineFacts engine_facts_;
  std::unique_ptr<RecognitionService> recognition_;
  std::unique_ptr<CameraHub> hub_;
  std::unique_ptr<CameraAccess> access_;
  std::unique_ptr<SignalingServer> signaling_;
  std::unique_ptr<DatabaseFollowers> followers_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<MediaHttp> http_;
  std::optional<net::Timer> heartbeat_;  ///< Touched on the loop only.
};

}  // namespace

Result<std::unique_ptr<MediaServer>> MediaServer::start(MediaServerOptions options) {
  auto server = std::make_unique<MediaServerImpl>(std::move(options));
  if (auto opened = server->open(); !opened) return opened.error();
  return std::unique_ptr<MediaServer>(std::move(server));
}

}  // namespace surveillx::mediaserver
