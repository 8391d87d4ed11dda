#include <algorithm>
#include <iterator>
#include <utility>

#include "camera_hub.hpp"
#include "camera_words.hpp"
#include "surveillx/base/log.hpp"

// The sessions of one camera: which is shown, which is built, which waits (camera_hub.hpp).
namespace surveillx::mediaserver {
namespace {

/// The one that is shown, one that is answered, and one that has just been built.
constexpr std::ptrdiff_t kMaxBuilt = 3;

}  // namespace

Result<void> CameraHub::takes_sessions_of(const CameraId& camera) const {
  if (stopping_) return Error{kUnavailable, "the server is stopping"};
  if (!cameras_.contains(camera)) return Error{kNotFound, "this camera does not exist any more"};
  return {};
}

Result<MediaSessionId> CameraHub::start(const CameraId& camera, OpenSource open,
                                        SessionHooks hooks) {
  if (auto taken = takes_sessions_of(camera); !taken) return taken.error();
  Entry& entry = cameras_.at(camera);
  std::optional<CameraOutputs> outputs;
  if (entry.sessions.empty()) {
    const auto running = std::count_if(cameras_.begin(), cameras_.end(), [](const auto& other) {
      return !other.second.sessions.empty();
    });
    if (running >= config_.media.max_cameras) {
      return Error{kUnavailable, "media.max_cameras cameras are connected already"};
    }
    outputs = open_outputs(entry);
    if (!outputs) {
      return Error{kUnavailable, "the server is out of threads; try again in a few seconds"};
    }
  }

  Session session;
  session.hooks = std::move(hooks);
  const auto options = stream_options(camera);
  const MediaSessionId id = options.id;
  session.media = CameraSession::create(parts_.loop, parts_.session_pool, options, std::move(open),
                                        events_for(camera, id));
  sessions_total_.add();
  log::info("media.session_started", {{"camera", camera.str()},
                                      {"session", id.str()},
                                      {"beside", static_cast<int>(entry.sessions.size())}});
  const bool first = entry.sessions.empty();
  std::function<void(Error)> replaced;
  if (!first && !entry.sessions.back().media->begun()) {
    // Nobody knows yet which of the two offers is any good, so the other may try again.
    replaced = std::move(entry.sessions.back().hooks.on_failed);
    entry.sessions.back().media->end();
    entry.sessions.back() = std::move(session);
  } else {
    entry.sessions.push_back(std::move(session));
  }
  begin_waiting(entry);
  if (first) {
    show(entry, std::move(*outputs));
    entry.report.state = domain::CameraState::connecting;
    entry.report.reason.clear();
    entry.report.width = 0;
    entry.report.height = 0;
    entry.report.codec.clear();
    report(entry);
  }
  if (replaced) {
    replaced(Error{kUnavailable, "a newer offer of this camera came before this one was looked at"});
  }
  return id;
}

stream::StreamOptions CameraHub::stream_options(const CameraId& camera) const {
  stream::StreamOptions options;
  options.id = MediaSessionId::random();
  options.camera = camera;
  options.limits = {config_.media.stale_after, config_.media.offline_after,
                    config_.media.end_after};
  return options;
}

CameraHub::Sessions::iterator CameraHub::find(Entry& entry, const MediaSessionId& id) {
  return std::find_if(entry.sessions.begin(), entry.sessions.end(),
                      [&](const Session& session) { return session.media->id() == id; });
}

template <class Act>
void CameraHub::with_session(const CameraId& camera, const MediaSessionId& id, Act act) {
  const auto found = cameras_.find(camera);
  if (found == cameras_.end()) return;
  const auto session = find(found->second, id);
  if (session != found->second.sessions.end()) act(found->second, session);
}

CameraSessionEvents CameraHub::events_for(const CameraId& camera, const MediaSessionId& id) {
  // CameraSession delivers nothing after `end`, and the hub ends a session before it forgets it, so
  // these may use `this`. Hooks come last: they may lead back into the hub.
  CameraSessionEvents events;
  events.on_built = [this, camera, id] {
    with_session(camera, id, [this](Entry& entry, auto session) { built(entry, session); });
  };
  events.on_failed = [this, camera, id](Error error) {
    with_session(camera, id, [&](Entry& entry, auto session) {
      offer_failed(entry, session, std::move(error));
    });
  };
  events.on_state = [this, camera, id](domain::CameraState state) {
    with_session(camera, id, [&](Entry& entry, auto session) {
      state_changed(entry, session, state);
    });
  };
  events.on_end = [this, camera, id](stream::EndReason reason, const std::string& detail) {
    with_session(camera, id, [&](Entry& entry, auto session) {
      // These come instead of an answer.
      if (reason == stream::EndReason::bad_sdp) {
        return offer_failed(entry, session, Error{kBadOffer, detail});
      }
      if (reason == stream::EndReason::no_media_port) {
        return offer_failed(entry, session, Error{kNoMediaPort, detail});
      }
      log::warn("media.session_ended", {{"camera", camera.str()},
                                        {"session", id.str()},
                                        {"reason", stream::to_string(reason)},
                                        {"detail", detail}});
      parts_.metrics
          .counter("media_sessions_ended_total", "Media sessions that ended by themselves",
                   {{"reason", std::string(stream::to_string(reason))}})
          .add();
      const auto ended = std::move(session->hooks.on_ended);
      drop(entry, session, offline_reason(reason));
      if (ended) ended(std::string(stream::to_string(reason)));
    });
  };
  return events;
}

void CameraHub::offer_failed(Entry& entry, Sessions::iterator session, Error error) {
  log::warn("media.offer_failed", {{"camera", entry.camera.id.str()},
                                   {"session", session->media->id().str()},
                                   {"error", error.name.text()},
                                   {"detail", error.message}});
  parts_.metrics
      .counter("media_offers_failed_total", "Offers that could not be answered",
               {{"reason", std::string(error.name.text())}})
      .add();
  const auto failed = std::move(session->hooks.on_failed);
  drop(entry, session, error.message);
  if (failed) failed(std::move(error));
}

void CameraHub::built(Entry& entry, Sessions::iterator session) {
  const auto count = std::distance(entry.sessions.begin(), session) + 1;
  std::function<void()> replaced;
  if (count > kMaxBuilt) {
    // None of those between the shown one and this one has come to anything yet.
    const auto oldest = std::next(entry.sessions.begin());
    replaced = std::move(oldest->hooks.on_taken_over);
    drop(entry, oldest, "");
  }
  begin_waiting(entry);
  if (replaced) replaced();
}

void CameraHub::state_changed(Entry& entry, Sessions::iterator session,
                              domain::CameraState state) {
  const CameraId& camera = entry.camera.id;
  const MediaSessionId id = session->media->id();
  session->state = state;
  if (state == domain::CameraState::live && !std::exchange(session->pictured, true)) {
    first_frames_total_.add();
    take_over(entry, id, true);
  }
  // The takeover has moved it to the front, or has ended it.
  if (entry.sessions.empty() || entry.sessions.front().media->id() != id) return;
  entry.report.state = state;
  entry.report.reason = state_reason(state);
  log::info("media.camera_state", {{"camera", camera.str()}, {"state", domain::to_string(state)}});
  report(entry);
}

void CameraHub::take_over(Entry& entry, const MediaSessionId& newer, bool pictured_too) {
  const auto older_than = find(entry, newer);
  const auto gives_way = [&](const Session& session) { return pictured_too || !session.pictured; };
  if (std::none_of(entry.sessions.begin(), older_than, gives_way)) return;
  const CameraId& camera = entry.camera.id;
  // Whoever has a picture is the oldest, so when that one gives way all do, and `newer` is shown.
  const bool shown_gives_way = gives_way(entry.sessions.front());
  std::optional<CameraOutputs> outputs;
  if (shown_gives_way) {
    outputs = open_outputs(entry);
    if (!outputs) {
      // Better the older picture than one without recognition, which would lose attendance silently.
      const auto ended = std::move(older_than->hooks.on_ended);
      drop(entry, older_than, "");
      if (ended) ended(std::string(kUnavailable.text()));
      return;
    }
  }
  std::vector<std::function<void()>> hooks;
  for (auto at = entry.sessions.begin(); at->media->id() != newer;) {
    if (!gives_way(*at)) {
      ++at;
      continue;
    }
    log::info("media.taken_over", {{"camera", camera.str()},
                                   {"session", at->media->id().str()},
                                   {"by", newer.str()}});
    takeovers_total_.add();
    hooks.push_back(std::move(at->hooks.on_taken_over));
    at->media->end();
    at = entry.sessions.erase(at);
  }
  if (shown_gives_way) {
    show(entry, std::move(*outputs));
    entry.report.state = entry.sessions.front().state;
    entry.report.reason.clear();
    report(entry);
  }
  for (const auto& taken_over : hooks) {
    if (taken_over) taken_over();
  }
}

std::optional<CameraOutputs> CameraHub::open_outputs(const Entry& entry) {
  auto outputs = CameraOutputs::open(
      {parts_.encode_pool, parts_.metrics, parts_.recognition, config_.media.jpeg_quality},
      entry.camera, [self = self_, &loop = parts_.loop](live::Frame frame) {
        loop.post([self, frame = std::move(frame)] {
          if (*self != nullptr) (*self)->publish(frame);
        });
      });
  if (outputs) outputs->set_demand(demand_of(entry.camera.id));
  return outputs;
}

void CameraHub::show(Entry& entry, CameraOutputs outputs) {
  entry.outputs.close();
  entry.outputs = std::move(outputs);
  entry.outputs.show(entry.sessions.front().media->stream());
}

void CameraHub::drop(Entry& entry, Sessions::iterator session, const std::string& reason) {
  const bool shown = session == entry.sessions.begin();
  session->media->end();
  entry.sessions.erase(session);
  begin_waiting(entry);
  if (shown) show_oldest(entry, reason);
}

void CameraHub::show_oldest(Entry& entry, const std::string& reason) {
  entry.outputs.close();
  std::vector<std::function<void(std::string)>> hooks;
  while (!entry.sessions.empty()) {
    if (auto outputs = open_outputs(entry)) {
      show(entry, std::move(*outputs));
      break;
    }
    Session& unseen = entry.sessions.front();
    hooks.push_back(std::move(unseen.hooks.on_ended));
    unseen.media->end();
    entry.sessions.erase(entry.sessions.begin());
  }
  if (entry.sessions.empty()) {
    entry.report.state = domain::CameraState::offline;
    entry.report.reason = hooks.empty() ? reason : "the server is out of threads";
    entry.report.fps = 0;
  } else {
    entry.report.state = entry.sessions.front().state;
    entry.report.reason.clear();
  }
  report(entry);
  for (const auto& ended : hooks) {
    if (ended) ended(std::string(kUnavailable.text()));
  }
}

void CameraHub::begin_waiting(Entry& entry) {
  for (Session& session : entry.sessions) {
    if (session.media->building()) return;
    if (session.media->begun()) continue;
    session.media->begin();
    return;
  }
}

bool CameraHub::established(const CameraId& camera, const MediaSessionId& id) {
  with_session(camera, id, [&](Entry& entry, auto) { take_over(entry, id, false); });
  return has_session(camera, id);
}

void CameraHub::end(const CameraId& camera, const MediaSessionId& id, const std::string& why) {
  with_session(camera, id, [&](Entry& entry, auto session) {
    log::info("media.session_closed",
              {{"camera", camera.str()}, {"session", id.str()}, {"why", why}});
    drop(entry, session, offline_reason(why));
  });
}

void CameraHub::end_sessions(Entry& entry, const std::string& reason) {
  if (entry.sessions.empty()) return;
  for (Session& session : entry.sessions) {
    session.media->end();
  }
  entry.sessions.clear();
  show_oldest(entry, reason);
}

}  // namespace surveillx::mediaserver
