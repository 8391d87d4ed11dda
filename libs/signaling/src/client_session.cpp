#include "surveillx/signaling/client_session.hpp"

#include "surveillx/signaling/codec.hpp"

#include <utility>

namespace surveillx::signaling {

using namespace client;

Actions ClientSession::socket_opened(SteadyTime now) {
  Actions out;
  if (state_ != State::idle) return out;
  state_ = State::greeted;
  deadline_ = now + options_.step_timeout;
  std::optional<std::string> token;
  if (!options_.token.empty()) token = options_.token;
  out.emplace_back(Send{Hello{std::move(token), options_.name}});
  return out;
}

Actions ClientSession::text(SteadyTime now, std::string_view message) {
  Actions out;
  if (state_ == State::finished) return out;
  Result<Message> decoded = decode(message);
  if (!decoded) {
    finish(false, kCodeBadMessage, "the server sent something that is not its protocol", out);
    return out;
  }
  if (auto* const welcome = std::get_if<Welcome>(&decoded.value())) {
    if (state_ != State::greeted) return out;
    state_ = State::offering;
    deadline_ = now + options_.step_timeout;
    out.emplace_back(MakeOffer{std::move(welcome->camera_id), std::move(welcome->ice_servers)});
  } else if (auto* const answer = std::get_if<Answer>(&decoded.value())) {
    if (state_ != State::offered) return out;
    state_ = State::answered;
    deadline_.reset();
    out.emplace_back(SetAnswer{std::move(answer->sdp)});
    for (Ice& ice : waiting_remote_) {
      out.emplace_back(AddCandidate{std::move(ice.candidate), ice.mline_index});
    }
    waiting_remote_.clear();
  } else if (auto* const ice = std::get_if<Ice>(&decoded.value())) {
    if (state_ == State::answered) {
      out.emplace_back(AddCandidate{std::move(ice->candidate), ice->mline_index});
    } else if (waiting_remote_.size() <= kMaxCandidates) {
      waiting_remote_.push_back(std::move(*ice));
    }
  } else if (auto* const error = std::get_if<ErrorMessage>(&decoded.value())) {
    last_error_ = *error;
    // The server refused the offer and would wait for another; ours would be the same, so start
    // over. All other errors come with a close, whose code decides.
    const bool closes = error->code == kCodeUnauthorized || error->code == kCodeTakenOver;
    if (state_ == State::offered && !closes) finish(false, error->code, error->message, out);
  }
  return out;
}

Actions ClientSession::socket_closed(std::uint16_t code, std::string_view reason) {
  Actions out;
  if (state_ == State::finished) return out;
  const std::string said = last_error_ ? last_error_->message : std::string(reason);
  switch (static_cast<CloseCode>(code)) {
    case CloseCode::unauthorized:
      finish(true, kCodeUnauthorized, said.empty() ? "the server does not accept the token" : said,
             out);
      break;
    case CloseCode::taken_over:
      finish(true, kCodeTakenOver, said.empty() ? "another session took over" : said, out);
      break;
    default:
      finish(false, last_error_ ? last_error_->code : "closed",
             said.empty() ? "the connection was closed (" + std::to_string(code) + ")" : said, out);
  }
  return out;
}

Actions ClientSession::local_offer(SteadyTime now, std::string sdp) {
  Actions out;
  if (state_ != State::offering) return out;
  state_ = State::offered;
  deadline_ = now + options_.step_timeout;
  out.emplace_back(Send{Offer{std::move(sdp), std::nullopt}});
  for (Ice& ice : waiting_local_) out.emplace_back(Send{std::move(ice)});
  waiting_local_.clear();
  return out;
}

Actions ClientSession::local_candidate(std::string candidate, int mline_index) {
  Actions out;
  Ice ice{std::move(candidate), mline_index};
  if (state_ == State::offered || state_ == State::answered) {
    out.emplace_back(Send{std::move(ice)});
  } else if (state_ == State::offering && waiting_local_.size() <= kMaxCandidates) {
    waiting_local_.push_back(std::move(ice));
  }
  return out;
}

Actions ClientSession::media_failed(std::string_view message) {
  Actions out;
  if (state_ == State::finished) return out;
  if (state_ == State::offered || state_ == State::answered) out.emplace_back(Send{Bye{}});
  finish(false, "media_failed", message, out);
  return out;
}

Actions ClientSession::stop() {
  Actions out;
  if (state_ == State::offered || state_ == State::answered) out.emplace_back(Send{Bye{}});
  state_ = State::finished;
  deadline_.reset();
  return out;
}

Actions ClientSession::tick(SteadyTime now) {
  Actions out;
  if (!deadline_ || now < *deadline_) return out;
  switch (state_) {
    case State::greeted:
      finish(false, "timeout", "the server did not greet in time", out);
      break;
    case State::offering:
      finish(false, "timeout", "the sender made no offer in time", out);
      break;
    case State::offered:
      finish(false, "timeout", "the server did not answer in time", out);
      break;
    default:
      deadline_.reset();
  }
  return out;
}

void ClientSession::finish(bool fatal, std::string_view code, std::string_view message,
                           Actions& out) {
  state_ = State::finished;
  deadline_.reset();
  out.emplace_back(Finish{fatal, std::string(code), std::string(message)});
}

}  // namespace surveillx::signaling
