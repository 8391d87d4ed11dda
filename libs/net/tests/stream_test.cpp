#include "stream.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace surveillx::net {
namespace {

struct Writer final : StreamWriter {
  void on_written(const error_code& ec) override { told.push_back(ec); }
  std::vector<error_code> told;
};

TEST(Stream, a_write_beside_another_is_refused_and_the_other_goes_on) {
  asio::io_context io;
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket peer(io);
  peer.connect(acceptor.local_endpoint());
  const auto stream = std::make_shared<Stream>(acceptor.accept());

  const std::string bulk(64 * 1024 * 1024, 'x');  // More than the buffers of both kernels.
  const auto first = std::make_shared<Writer>();
  const asio::const_buffer all = asio::buffer(bulk);
  ASSERT_FALSE(stream->write({&all, 1}, first));

  const std::string late = "late";
  const auto second = std::make_shared<Writer>();
  const std::array<asio::const_buffer, 3> many{asio::buffer(late), asio::buffer(late),
                                               asio::buffer(late)};
  EXPECT_FALSE(stream->write(many, second));
  EXPECT_TRUE(second->told.empty()) << "never inside the call";

  std::string received(bulk.size(), '\0');
  asio::async_read(peer, asio::buffer(received), [](const error_code& ec, std::size_t) {
    EXPECT_FALSE(ec) << ec.message();
  });
  io.run();
  EXPECT_EQ(second->told, std::vector{make_error_code(asio::error::already_started)});
  EXPECT_EQ(first->told, std::vector{error_code()});
  EXPECT_TRUE(received == bulk);
  EXPECT_FALSE(stream->writing());
  const asio::const_buffer next = asio::buffer(late);
  EXPECT_TRUE(stream->write({&next, 1}, first)) << "the next one finds it free";
}

}  // namespace
}  // namespace surveillx::net
