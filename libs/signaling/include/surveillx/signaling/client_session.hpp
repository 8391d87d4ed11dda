#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/signaling/messages.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace surveillx::signaling {

/// What the camera's side has to do, in the order given.
namespace client {

struct Send {
  Message message;
  friend bool operator==(const Send&, const Send&) = default;
};
/// The token was accepted: build the WebRTC sender and give its offer to `local_offer`.
struct MakeOffer {
  std::string camera_id;
  std::vector<IceServer> ice_servers;
  friend bool operator==(const MakeOffer&, const MakeOffer&) = default;
};
struct SetAnswer {
  std::string sdp;
  friend bool operator==(const SetAnswer&, const SetAnswer&) = default;
};
struct AddCandidate {
  std::string candidate;
  int mline_index = 0;
  friend bool operator==(const AddCandidate&, const AddCandidate&) = default;
};
/// Drop socket and sender; connect anew unless `fatal`. Nothing follows. `message` is for people.
struct Finish {
  bool fatal = false;
  std::string code;
  std::string message;
  friend bool operator==(const Finish&, const Finish&) = default;
};
using Action = std::variant<Send, MakeOffer, SetAnswer, AddCandidate, Finish>;
using Actions = std::vector<Action>;

}  // namespace client

/// The camera's side of one signalling socket, as a pure state machine: hello, offer, answer,
/// candidates both ways, and which ends are final (close 4401 and 4409) and which are worth another
/// try (all others). One object per connection. Not thread-safe.
class ClientSession {
 public:
  struct Options {
    std::string token;
    std::string name;
    /// For each of: socket open to welcome, welcome to offer, offer to answer.
    std::chrono::milliseconds step_timeout{10'000};
  };
  explicit ClientSession(Options options) : options_(std::move(options)) {}

  [[nodiscard]] client::Actions socket_opened(SteadyTime now);
  [[nodiscard]] client::Actions text(SteadyTime now, std::string_view message);
  [[nodiscard]] client::Actions socket_closed(std::uint16_t code, std::string_view reason);
  [[nodiscard]] client::Actions local_offer(SteadyTime now, std::string sdp);
  /// Held back until the offer is sent; an empty one ends the list.
  [[nodiscard]] client::Actions local_candidate(std::string candidate, int mline_index);
  /// ICE or DTLS failed, or the source broke in a way that a new session may cure.
  [[nodiscard]] client::Actions media_failed(std::string_view message);
  /// Says `bye` when a session may be running. The caller then closes the socket.
  [[nodiscard]] client::Actions stop();
  [[nodiscard]] client::Actions tick(SteadyTime now);

  [[nodiscard]] std::optional<SteadyTime> deadline() const { return deadline_; }
  [[nodiscard]] bool answered() const { return state_ == State::answered; }
  [[nodiscard]] bool finished() const { return state_ == State::finished; }

 private:
  enum class State { idle, greeted, offering, offered, answered, finished };

  void finish(bool fatal, std::string_view code, std::string_view message, client::Actions& out);

  Options options_;
  State state_ = State::idle;
  std::optional<SteadyTime> deadline_;
  std::optional<ErrorMessage> last_error_;  ///< What the server said before it closed.
  std::vector<Ice> waiting_local_;          ///< Until the offer is sent.
  std::vector<Ice> waiting_remote_;         ///< Until the answer came.
};

}  // namespace surveillx::signaling
