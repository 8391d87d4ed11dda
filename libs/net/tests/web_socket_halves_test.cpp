// The receiving and the sending half of a WebSocket, without a socket.
#include "web_socket_receiver.hpp"
#include "web_socket_sender.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace surveillx::net::web_socket {
namespace {

using Event = Receiver::Event;

/// An unmasked frame, as a server sends it.
std::string frame(Opcode opcode, std::string_view payload, bool fin = true) {
  FrameHeader header;
  header.fin = fin;
  header.opcode = opcode;
  header.length = payload.size();
  const HeaderBytes bytes = write_header(header);
  return std::string(bytes.bytes.begin(), bytes.bytes.begin() + bytes.size) + std::string(payload);
}

class ReceiverTest : public ::testing::Test {
 protected:
  void feed(std::string_view bytes) {
    const auto room = receiver_.prepare();
    ASSERT_GE(room.size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), room.begin());
    receiver_.commit(bytes.size());
  }
  std::string message() {
    const Bytes bytes = receiver_.take_message();
    return {bytes.begin(), bytes.end()};
  }

  Receiver receiver_{Role::client, 20'000, {}};
};

TEST_F(ReceiverTest, fragments_become_one_message_with_a_ping_between_them) {
  feed(frame(Opcode::text, "one ", false) + frame(Opcode::ping, "are you there") +
       frame(Opcode::continuation, "message"));
  EXPECT_EQ(receiver_.next(), Event::ping);
  EXPECT_EQ(std::string(receiver_.control().begin(), receiver_.control().end()), "are you there");
  EXPECT_EQ(receiver_.next(), Event::message);
  EXPECT_FALSE(receiver_.binary());
  EXPECT_EQ(message(), "one message");
  EXPECT_EQ(receiver_.next(), Event::need_more);
}

TEST_F(ReceiverTest, a_large_payload_goes_straight_into_its_message) {
  const std::string payload(18'000, 'x');
  const std::string bytes = frame(Opcode::binary, payload);
  feed(std::string_view(bytes).substr(0, 4));
  EXPECT_EQ(receiver_.next(), Event::need_more);
  EXPECT_EQ(receiver_.prepare().size(), payload.size()) << "exactly what is missing";
  feed(std::string_view(bytes).substr(4, 10'000));
  EXPECT_EQ(receiver_.next(), Event::need_more);
  feed(std::string_view(bytes).substr(10'004));
  EXPECT_EQ(receiver_.next(), Event::message);
  EXPECT_TRUE(message() == payload);
}

TEST_F(ReceiverTest, a_message_over_the_limit_fails_once_and_its_frames_are_followed) {
  receiver_.set_max_message_bytes(4);
  feed(frame(Opcode::text, "too much") + frame(Opcode::text, "also too much") +
       frame(Opcode::close, "\x03\xe8"));
  EXPECT_EQ(receiver_.next(), Event::failed);
  EXPECT_EQ(receiver_.close_reason().code, kTooBig);
  EXPECT_FALSE(receiver_.lost_sync());
  EXPECT_EQ(receiver_.next(), Event::close);
  EXPECT_EQ(receiver_.close_reason().code, kTooBig) << "tells more than its echo";
  EXPECT_EQ(receiver_.next(), Event::need_more);
}

TEST_F(ReceiverTest, after_a_framing_error_nothing_is_a_frame) {
  feed(frame(Opcode::continuation, "of nothing") + frame(Opcode::text, "lost"));
  EXPECT_EQ(receiver_.next(), Event::failed);
  EXPECT_EQ(receiver_.close_reason().code, kProtocolError);
  EXPECT_TRUE(receiver_.lost_sync());
  EXPECT_EQ(receiver_.next(), Event::need_more);
  feed(frame(Opcode::text, "lost"));
  EXPECT_EQ(receiver_.next(), Event::need_more);
}

TEST_F(ReceiverTest, text_that_is_not_utf_8_fails) {
  feed(frame(Opcode::text, "caf\xe9"));
  EXPECT_EQ(receiver_.next(), Event::failed);
  EXPECT_EQ(receiver_.close_reason().code, kBadData);
}

TEST_F(ReceiverTest, a_client_hears_nothing_after_the_servers_close) {
  feed(frame(Opcode::close, "\x03\xe8") + frame(Opcode::text, "too late"));
  EXPECT_EQ(receiver_.next(), Event::close);
  EXPECT_EQ(receiver_.close_reason().code, kNormal);
  EXPECT_EQ(receiver_.next(), Event::need_more);
}

/// What the next batch would put on the network.
std::string batch(Sender& sender) {
  std::array<boost::asio::const_buffer, 64> buffers;
  const std::size_t count = sender.next_batch(buffers);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out.append(static_cast<const char*>(buffers[i].data()), buffers[i].size());
  }
  return out;
}

TEST(SenderTest, control_frames_overtake_waiting_messages_but_not_the_preamble) {
  Sender sender(Role::server);
  sender.preamble(SharedBytes(std::string("101")));
  sender.message(Opcode::text, SharedBytes(std::string("one")));
  sender.ping();
  sender.message(Opcode::text, SharedBytes(std::string("two")));
  EXPECT_EQ(sender.queued(), 2U);
  EXPECT_EQ(sender.queued_bytes(), 6U);
  EXPECT_EQ(batch(sender), "101" + frame(Opcode::ping, "") + frame(Opcode::text, "one") +
                               frame(Opcode::text, "two"));
  EXPECT_TRUE(sender.batch_written().drained);
  EXPECT_TRUE(sender.empty());
  EXPECT_EQ(sender.queued_bytes(), 0U);
}

TEST(SenderTest, only_the_newest_ping_is_answered_and_nothing_gets_into_what_is_under_way) {
  Sender sender(Role::server);
  sender.message(Opcode::binary, SharedBytes(std::string("under way")));
  EXPECT_EQ(batch(sender), frame(Opcode::binary, "under way"));
  const std::string first = "first";
  const std::string second = "second";
  sender.pong(as_bytes(first));
  sender.message(Opcode::binary, SharedBytes(std::string("dropped")));
  sender.pong(as_bytes(second));
  sender.drop_unsent();
  sender.close(kNormal, "bye");
  EXPECT_FALSE(sender.batch_written().close);
  EXPECT_EQ(batch(sender), frame(Opcode::pong, second) + frame(Opcode::close,
                                                               "\x03\xe8"
                                                               "bye"));
  EXPECT_TRUE(sender.batch_written().close);
}

}  // namespace
}  // namespace surveillx::net::web_socket
