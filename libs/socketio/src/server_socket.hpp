#pragma once

#include "surveillx/net/event_loop.hpp"
#include "surveillx/socketio/server.hpp"

#include "socket_codec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace surveillx::socketio {

struct ServerSession;

/// One membership in a namespace: its events, acknowledgements and end.
class ServerSocket final : public Socket, public std::enable_shared_from_this<ServerSocket> {
 public:
  ServerSocket(std::weak_ptr<ServerSession> session, net::EventLoop& loop, std::string name_space,
               std::uint32_t owner, Handshake handshake);

  [[nodiscard]] const std::string& id() const override { return id_; }
  [[nodiscard]] const Handshake& handshake() const override { return handshake_; }
  [[nodiscard]] bool connected() const override { return connected_; }
  [[nodiscard]] const std::string& name_space() const { return name_space_; }
  void limit_payload(std::size_t bytes) override;

  void on(std::string event, Handler handler) override;
  void on_disconnect(std::function<void(std::string_view)> handler) override;
  void emit(const EncodedEventPtr& event) override;
  bool emit_latest(std::string_view slot, const EncodedEventPtr& event) override;
  void drop_latest(std::string_view slot) override;
  void emit_with_ack(std::string_view event, const Arguments& arguments,
                     std::chrono::milliseconds timeout,
                     std::function<void(std::optional<Arguments>)> done) override;
  void disconnect(bool close_connection) override;

  // For its session.
  void join();
  void receive(const SocketPacket& packet);
  /// The end of the membership. Handlers are told later, on the loop: this may run inside a call of
  /// the application. Null `reason`: nobody is told, the server goes away.
  void left(const char* reason);
  void drop_handlers_later();

 private:
  struct Waiting {
    std::function<void(std::optional<Arguments>)> done;
    std::unique_ptr<net::Timer> timer;
  };

  void forget_handlers();
  [[nodiscard]] bool fits(const EncodedEventPtr& event) const;
  void send(const EncodedEventPtr& event);
  void send_packet(std::string_view text, std::vector<SharedBytes> attachments);
  void acknowledged(std::uint64_t id, std::optional<Arguments> answer);

  std::weak_ptr<ServerSession> session_;
  net::EventLoop& loop_;
  std::string name_space_;
  std::uint32_t owner_;
  std::string id_;
  Handshake handshake_;
  bool connected_ = false;
  std::unordered_map<std::string, std::shared_ptr<const Handler>> handlers_;
  std::vector<std::function<void(std::string_view)>> disconnect_handlers_;
  std::map<std::uint64_t, Waiting> acks_;
  std::uint64_t last_ack_ = 0;
};

}  // namespace surveillx::socketio
