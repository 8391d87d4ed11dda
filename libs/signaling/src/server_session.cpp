#include "surveillx/signaling/server_session.hpp"

#include "surveillx/signaling/codec.hpp"

#include <utility>

namespace surveillx::signaling {

Actions ServerSession::opened(SteadyTime now, std::optional<std::string> token) {
  Actions out;
  open_ = true;
  opened_at_ = now;
  deadline_ = now + options_.offer_timeout;
  (void)take_token(token, out);
  return out;
}

Actions ServerSession::text(SteadyTime now, std::string_view message) {
  Actions out;
  if (!open_) return out;
  const Result<Message> decoded = decode(message);
  if (!decoded) {
    if (decoded.error().is(kMessageTooBig)) {
      fail(CloseCode::too_big, kCodeMessageTooBig, decoded.error().message, out);
    } else {
      complain(kCodeBadMessage, decoded.error().message, out);
    }
    return out;
  }
  struct Dispatch {
    ServerSession& self;
    SteadyTime now;
    Actions& out;
    void operator()(const Hello& m) const { self.on_message(now, m, out); }
    void operator()(const Offer& m) const { self.on_message(m, out); }
    void operator()(const Ice& m) const { self.on_message(m, out); }
    void operator()(const Bye& m) const { self.on_message(m, out); }
    void operator()(const Welcome&) const { self.on_wrong_direction("welcome", out); }
    void operator()(const Answer&) const { self.on_wrong_direction("answer", out); }
    void operator()(const ErrorMessage&) const {}
    void operator()(const Unknown&) const {}
  };
  std::visit(Dispatch{*this, now, out}, decoded.value());
  return out;
}

Actions ServerSession::binary(SteadyTime /*now*/) {
  Actions out;
  if (open_) complain(kCodeBadMessage, "messages must be text", out);
  return out;
}

Actions ServerSession::socket_closed() {
  open_ = false;
  // An offer that still waits for its token's lookup has nobody left to answer to.
  authenticating_ = false;
  waiting_offer_.reset();
  waiting_remote_.clear();
  waiting_local_.clear();
  deadline_.reset();
  return {};
}

Actions ServerSession::authenticated(SteadyTime now, const CameraId& camera) {
  return authenticated(now, camera, std::move(options_.ice_servers));
}

Actions ServerSession::authenticated(SteadyTime /*now*/, const CameraId& camera,
                                     std::vector<IceServer> ice_servers) {
  Actions out;
  if (!open_ || !authenticating_) return out;
  authenticating_ = false;
  camera_ = camera;
  options_.ice_servers = std::move(ice_servers);
  if (welcome_wanted_) send_welcome(out);
  if (waiting_offer_) {
    std::string sdp = std::move(*waiting_offer_);
    waiting_offer_.reset();
    start_offer(std::move(sdp), out);
  }
  return out;
}

Actions ServerSession::refused() {
  Actions out;
  if (!open_ || !authenticating_) return out;
  authenticating_ = false;
  fail(CloseCode::unauthorized, kCodeUnauthorized, "the token is not a camera's", out);
  return out;
}

Actions ServerSession::auth_unavailable() {
  Actions out;
  if (!open_ || !authenticating_) return out;
  authenticating_ = false;
  fail(CloseCode::try_again_later, kCodeUnavailable, "the token could not be looked up; try again",
       out);
  return out;
}

Actions ServerSession::local_answer(OfferNumber offer, std::string sdp) {
  Actions out;
  if (!open_ || !session_active_ || offer != offers_ || answer_sent_) return out;
  answer_sent_ = true;
  out.emplace_back(SendMessage{Answer{std::move(sdp)}});
  for (PendingCandidate& waiting : waiting_local_) {
    out.emplace_back(SendMessage{Ice{std::move(waiting.candidate), waiting.mline_index}});
  }
  waiting_local_.clear();
  return out;
}

Actions ServerSession::local_candidate(OfferNumber offer, std::string candidate, int mline_index) {
  Actions out;
  if (!open_ || !session_active_ || offer != offers_ || !trickle_) return out;
  // The end of the list must get through, whatever came before it.
  if (!candidate.empty() && ++local_candidates_ > kMaxCandidates) return out;
  if (answer_sent_) {
    out.emplace_back(SendMessage{Ice{std::move(candidate), mline_index}});
  } else if (waiting_local_.size() <= kMaxCandidates) {
    waiting_local_.push_back({std::move(candidate), mline_index});
  }
  return out;
}

Actions ServerSession::session_failed(SteadyTime now, OfferNumber offer, std::string_view code,
                                      std::string_view message) {
  Actions out;
  if (forget_older(offer)) return out;
  if (!session_active_ || offer != offers_) return out;
  session_active_ = false;
  if (!open_) return out;
  if (older_.empty()) {
    if (code == kCodeTooManyOffers) {
      fail(CloseCode::try_again_later, code, message, out);
      return out;
    }
    deadline_ = now + options_.offer_timeout;
  }
  complain(code, message, out);
  return out;
}

Actions ServerSession::session_ended(OfferNumber offer, std::string_view reason) {
  Actions out;
  if (forget_older(offer)) {
    // The newest offer has failed before, and this was what the socket was still there for.
    if (open_ && !session_running() && !deadline_) {
      fail(CloseCode::session_ended, kCodeSessionEnded, reason, out);
    }
    return out;
  }
  if (!session_active_ || offer != offers_) return out;
  end_session("ended", out);
  if (!open_) return out;
  if (older_.empty()) {
    fail(CloseCode::session_ended, kCodeSessionEnded, reason, out);
  } else {
    complain(kCodeSessionEnded, reason, out);
  }
  return out;
}

Actions ServerSession::taken_over(OfferNumber offer) {
  Actions out;
  if (forget_older(offer)) {
    if (session_running()) return out;
  } else if (session_active_ && offer == offers_) {
    end_session("taken_over", out);
  } else {
    return out;
  }
  if (open_ && !session_running()) {
    fail(CloseCode::taken_over, kCodeTakenOver, "a newer session of this camera took over", out);
  }
  return out;
}

Actions ServerSession::give_way() {
  Actions out;
  if (open_) {
    fail(CloseCode::try_again_later, kCodeUnavailable,
         "too many sockets wait here without an offer, and this is the oldest; try again", out);
  }
  return out;
}

Actions ServerSession::revoked() {
  Actions out;
  end_all_sessions("revoked", out);
  if (open_) {
    fail(CloseCode::unauthorized, kCodeUnauthorized,
         "the camera was removed or its token was replaced", out);
  }
  return out;
}

Actions ServerSession::tick(SteadyTime now) {
  Actions out;
  if (!open_ || !deadline_ || now < *deadline_) return out;
  if (token_.empty()) {
    fail(CloseCode::unauthorized, kCodeUnauthorized, "a camera's token is needed", out);
  } else if (authenticating_) {
    fail(CloseCode::try_again_later, kCodeUnavailable,
         "the token could not be looked up in time; try again", out);
  } else {
    fail(CloseCode::offer_timeout, kCodeOfferTimeout, "no offer came in time", out);
  }
  return out;
}

std::optional<OfferNumber> ServerSession::active_offer() const {
  if (!session_active_) return std::nullopt;
  return offers_;
}

void ServerSession::on_message(SteadyTime now, const Hello& hello, Actions& out) {
  if (!take_token(hello.token, out)) return;
  if (is_authenticated()) {
    send_welcome(out);
  } else {
    // Answered when the token is known to be right; the token may yet come with the offer.
    welcome_wanted_ = true;
    const SteadyTime latest = now + options_.token_grace;
    if (token_.empty() && deadline_ && latest < *deadline_) deadline_ = latest;
  }
}

void ServerSession::on_message(const Offer& offer, Actions& out) {
  if (!take_token(offer.token, out)) return;
  if (token_.empty()) {
    fail(CloseCode::unauthorized, kCodeUnauthorized, "a camera's token is needed", out);
    return;
  }
  if (offer.sdp.empty()) {
    complain(kCodeBadMessage, "offer: 'sdp' is empty", out);
    return;
  }
  if (is_authenticated()) {
    start_offer(offer.sdp, out);
  } else {
    waiting_offer_ = offer.sdp;
  }
}

void ServerSession::on_message(const Ice& ice, Actions& out) {
  if (!ice.candidate.empty() && ++remote_candidates_ > kMaxCandidates) {
    fail(CloseCode::policy_violation, kCodeTooManyCandidates,
         "a session may have at most 256 candidates", out);
    return;
  }
  if (session_active_) {
    out.emplace_back(AddCandidate{offers_, ice.candidate, ice.mline_index});
  } else if (waiting_remote_.size() <= kMaxCandidates) {
    waiting_remote_.push_back({ice.candidate, ice.mline_index});
  }
}

void ServerSession::on_message(const Bye& /*bye*/, Actions& out) {
  end_all_sessions("bye", out);
  close(CloseCode::normal, "bye", out);
}

void ServerSession::on_wrong_direction(std::string_view type, Actions& out) {
  complain(kCodeBadMessage, "only the server sends '" + std::string(type) + "'", out);
}

bool ServerSession::take_token(const std::optional<std::string>& token, Actions& out) {
  if (!token || token->empty()) return true;
  if (token_.empty()) {
    token_ = *token;
    authenticating_ = true;
    deadline_ = opened_at_ + options_.offer_timeout;
    out.emplace_back(Authenticate{token_});
    return true;
  }
  if (*token == token_) return true;
  fail(CloseCode::unauthorized, kCodeUnauthorized, "another token was given on this socket before",
       out);
  return false;
}

void ServerSession::start_offer(std::string sdp, Actions& out) {
  // Candidates that came since the last session began belong to this offer; those that reached the
  // session it replaces do not count against it.
  remote_candidates_ = waiting_remote_.size();
  if (session_active_ && answer_sent_) {
    older_.push_back(offers_);
  } else {
    end_session("replaced", out);
  }
  ++offers_;
  session_active_ = true;
  answer_sent_ = false;
  local_candidates_ = 0;
  waiting_local_.clear();
  deadline_.reset();
  trickle_ = offer_uses_trickle(sdp);
  out.emplace_back(StartSession{offers_, camera_, std::move(sdp), trickle_});
  for (PendingCandidate& waiting : waiting_remote_) {
    out.emplace_back(AddCandidate{offers_, std::move(waiting.candidate), waiting.mline_index});
  }
  waiting_remote_.clear();
}

void ServerSession::end_session(std::string_view why, Actions& out) {
  if (!session_active_) return;
  session_active_ = false;
  out.emplace_back(EndSession{offers_, std::string(why)});
}

void ServerSession::end_all_sessions(std::string_view why, Actions& out) {
  for (const OfferNumber older : older_) out.emplace_back(EndSession{older, std::string(why)});
  older_.clear();
  end_session(why, out);
}

bool ServerSession::forget_older(OfferNumber offer) {
  return std::erase(older_, offer) > 0;
}

void ServerSession::send_welcome(Actions& out) {
  welcome_wanted_ = false;
  out.emplace_back(SendMessage{Welcome{camera_.str(), options_.ice_servers}});
}

void ServerSession::complain(std::string_view code, std::string_view message, Actions& out) {
  out.emplace_back(SendMessage{ErrorMessage{std::string(code), std::string(message)}});
  if (++errors_ >= kMaxErrors) close(CloseCode::policy_violation, kCodeTooManyErrors, out);
}

void ServerSession::fail(CloseCode close_code, std::string_view code, std::string_view message,
                         Actions& out) {
  out.emplace_back(SendMessage{ErrorMessage{std::string(code), std::string(message)}});
  close(close_code, code, out);
}

void ServerSession::close(CloseCode code, std::string_view reason, Actions& out) {
  out.emplace_back(Close{code, std::string(reason)});
  (void)socket_closed();
}

}  // namespace surveillx::signaling
