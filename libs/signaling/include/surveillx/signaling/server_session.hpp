#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/ids.hpp"
#include "surveillx/signaling/messages.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace surveillx::signaling {

/// Counts the offers of one socket from 1: tells the answer to an offer from a late one to the
/// offer before it.
using OfferNumber = std::uint64_t;

// What the owner has to do, in the order given.
struct SendMessage {
  Message message;
  friend bool operator==(const SendMessage&, const SendMessage&) = default;
};
/// Look the token up and call `authenticated`, `refused` or `auth_unavailable`. At most one at a
/// time.
struct Authenticate {
  std::string token;
  friend bool operator==(const Authenticate&, const Authenticate&) = default;
};
/// Answer the offer. Sessions that run go on until this one is worth more than they are; then call
/// `taken_over` for them.
struct StartSession {
  OfferNumber offer = 0;
  CameraId camera;
  std::string sdp;
  bool trickle = false;  ///< `offer_uses_trickle(sdp)`.
  friend bool operator==(const StartSession&, const StartSession&) = default;
};
/// A remote candidate for the session that StartSession began; an empty one ends the list.
struct AddCandidate {
  OfferNumber offer = 0;
  std::string candidate;
  int mline_index = 0;
  friend bool operator==(const AddCandidate&, const AddCandidate&) = default;
};
/// Close the WebRTC session. `why` is one of `bye`, `replaced`, `taken_over`, `revoked`, `ended`.
struct EndSession {
  OfferNumber offer = 0;
  std::string why;
  friend bool operator==(const EndSession&, const EndSession&) = default;
};
/// Close the WebSocket; nothing more is sent on it.
struct Close {
  CloseCode code = CloseCode::normal;
  std::string reason;
  friend bool operator==(const Close&, const Close&) = default;
};
using Action =
    std::variant<SendMessage, Authenticate, StartSession, AddCandidate, EndSession, Close>;
using Actions = std::vector<Action>;

/// The server's side of one signalling socket, as a pure state machine: inputs are its
/// methods, the result says what to do, time is given. It knows nothing of sockets, the database or
/// GStreamer. The owner keeps it as long as the socket is open or its WebRTC session lives. Not
/// thread-safe.
///
/// Decisions that the contract leaves open:
/// - One socket, one identity: a later token that differs from the first is `unauthorized`.
/// - A hello without any token gets 1 s for an offer that brings it, then 4401; so does a socket
///   that has shown no token when its 10 s are over. With a token it is 4408.
/// - A second offer on the same socket begins a second session. One that has not been answered ends
///   at once (EndSession `replaced`), since its answer could not be told from the second's; one that
///   has goes on until it is taken over, and when the second fails, for good.
/// - Candidates that arrive before the offer's session has started are kept (256 at most).
/// - An offer that fails (`session_failed`) leaves the socket open and gives it 10 s for another, or
///   for as long as an earlier session of it runs. Too many offers close it (1013), unless one runs.
/// - A `welcome` or `answer` from a client is `bad_message`; an `error` from a client is ignored.
/// - Errors of the peer are counted; the tenth closes the socket with 1008.
class ServerSession {
 public:
  struct Options {
    std::chrono::milliseconds offer_timeout{10'000};
    /// From a hello without any token to the offer that brings it.
    std::chrono::milliseconds token_grace{1'000};
    /// Sent in `welcome`; may be replaced per camera by `authenticated`.
    std::vector<IceServer> ice_servers;
  };

  ServerSession() = default;
  explicit ServerSession(Options options) : options_(std::move(options)) {}

  // Inputs from the socket.
  /// `token` from `?token=` or `Authorization: Bearer`; empty counts as none.
  [[nodiscard]] Actions opened(SteadyTime now, std::optional<std::string> token);
  [[nodiscard]] Actions text(SteadyTime now, std::string_view message);
  [[nodiscard]] Actions binary(SteadyTime now);
  /// The socket is gone. A session that has started lives on.
  [[nodiscard]] Actions socket_closed();

  // Results of Authenticate.
  /// The token belongs to this camera.
  [[nodiscard]] Actions authenticated(SteadyTime now, const CameraId& camera);
  [[nodiscard]] Actions authenticated(SteadyTime now, const CameraId& camera,
                                      std::vector<IceServer> ice_servers);
  /// The token belongs to nobody.
  [[nodiscard]] Actions refused();
  /// The lookup failed: closes with 1013, so that the camera tries again.
  [[nodiscard]] Actions auth_unavailable();

  // From the WebRTC session that StartSession named; those of a replaced one are dropped.
  [[nodiscard]] Actions local_answer(OfferNumber offer, std::string sdp);
  /// Held back until the answer is sent; dropped when the offer does not trickle.
  [[nodiscard]] Actions local_candidate(OfferNumber offer, std::string candidate, int mline_index);
  /// The offer could not be answered; `code` for example `bad_sdp`.
  [[nodiscard]] Actions session_failed(SteadyTime now, OfferNumber offer, std::string_view code,
                                       std::string_view message);
  /// The session is over by itself (ICE, DTLS, no frames).
  [[nodiscard]] Actions session_ended(OfferNumber offer, std::string_view reason);

  // From the owner.
  /// A newer session of the same camera has taken this one's place. The socket is closed (4409)
  /// unless the newer one is its own.
  [[nodiscard]] Actions taken_over(OfferNumber offer);
  /// The socket has to make room for newer ones: closes with 1013.
  [[nodiscard]] Actions give_way();
  /// The camera was removed or its token rotated.
  [[nodiscard]] Actions revoked();
  /// Call when `deadline` has passed; earlier or later calls do no harm.
  [[nodiscard]] Actions tick(SteadyTime now);

  /// When `tick` has something to do; nothing when no time limit runs.
  [[nodiscard]] std::optional<SteadyTime> deadline() const { return deadline_; }
  [[nodiscard]] bool is_authenticated() const { return !camera_.empty(); }
  /// Empty before authentication.
  [[nodiscard]] const CameraId& camera() const { return camera_; }
  /// The newest offer, if its session is running (also after the socket has closed).
  [[nodiscard]] std::optional<OfferNumber> active_offer() const;
  /// Whether a session of this socket is running (also after the socket has closed).
  [[nodiscard]] bool session_running() const { return session_active_ || !older_.empty(); }
  [[nodiscard]] bool socket_open() const { return open_; }

 private:
  struct PendingCandidate {
    std::string candidate;
    int mline_index = 0;
  };

  void on_message(SteadyTime now, const Hello& hello, Actions& out);
  void on_message(const Offer& offer, Actions& out);
  void on_message(const Ice& ice, Actions& out);
  void on_message(const Bye& bye, Actions& out);
  void on_wrong_direction(std::string_view type, Actions& out);
  /// False when the socket was closed because of the token.
  bool take_token(const std::optional<std::string>& token, Actions& out);
  void start_offer(std::string sdp, Actions& out);
  void end_session(std::string_view why, Actions& out);
  void end_all_sessions(std::string_view why, Actions& out);
  /// False when this was none of the earlier sessions that still run.
  bool forget_older(OfferNumber offer);
  void send_welcome(Actions& out);
  /// Sends an error and counts it; closes at the limit.
  void complain(std::string_view code, std::string_view message, Actions& out);
  void fail(CloseCode close_code, std::string_view code, std::string_view message, Actions& out);
  void close(CloseCode code, std::string_view reason, Actions& out);

  Options options_;
  bool open_ = false;
  bool authenticating_ = false;
  bool welcome_wanted_ = false;
  CameraId camera_;
  std::string token_;
  std::optional<std::string> waiting_offer_;  ///< Came before the token was looked up.
  SteadyTime opened_at_{};
  std::optional<SteadyTime> deadline_;
  OfferNumber offers_ = 0;           ///< The newest.
  bool session_active_ = false;      ///< Of the newest offer.
  std::vector<OfferNumber> older_;   ///< Answered earlier, and still running.
  bool answer_sent_ = false;
  bool trickle_ = false;
  int errors_ = 0;
  std::size_t remote_candidates_ = 0;
  std::size_t local_candidates_ = 0;
  std::vector<PendingCandidate> waiting_remote_;  ///< Until StartSession.
  std::vector<PendingCandidate> waiting_local_;   ///< Until the answer is sent.
};

}  // namespace surveillx::signaling
