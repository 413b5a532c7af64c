#include "net/write_all.h"

#include <gtest/gtest.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>

#include "async/testing.h"

namespace promethean::net {
namespace {

namespace asio = boost::asio;
using async::kTuple;
using async::Task;
using LocalSocket = asio::basic_stream_socket<asio::local::stream_protocol, async::Executor>;

struct WriteAll : testing::Test {
  WriteAll() {
    asio::local::connect_pair(writer, reader);
    writer.non_blocking(true);
  }

  template <size_t N>
  void write(std::array<asio::const_buffer, N> buffers) {
    const auto work = [this](std::array<asio::const_buffer, N> all) -> Task<void> {
      const auto [ec, size] = co_await write_all(writer, all);
      result = {ec, size};
      writer.close();
    };
    loop.spawn(work(buffers));
  }

  async::TestLoop loop;
  LocalSocket writer{loop.core()}, reader{loop.core()};
  std::optional<std::pair<boost::system::error_code, size_t>> result;
};

TEST_F(WriteAll, NeedsNoReaderForWhatTheSocketTakes) {
  const std::string a = "one", b = "two";
  write(std::array{asio::const_buffer(asio::buffer(a)), asio::const_buffer(), asio::const_buffer(asio::buffer(b))});
  loop.settle();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->first);
  EXPECT_EQ(result->second, 6U);
}

TEST_F(WriteAll, WaitsForTheReaderAndLosesNothing) {
  std::string a(3 << 20, 'a'), b(5, 'b'), c(1 << 20, 'c');
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>('a' + i % 23);
  write(std::array{asio::const_buffer(asio::buffer(a)), asio::const_buffer(asio::buffer(b)),
                   asio::const_buffer(asio::buffer(c))});
  loop.settle();
  ASSERT_FALSE(result) << "the socket took 4 MB: nothing was waited for";
  std::string got;
  const auto read = [this, &got]() -> Task<void> {
    co_await asio::async_read(reader, asio::dynamic_buffer(got), kTuple);
  };
  loop.spawn(read());
  loop.run_all();
  EXPECT_EQ(result->second, a.size() + b.size() + c.size());
  EXPECT_TRUE(got == a + b + c) << got.size();
}

TEST_F(WriteAll, APeerThatHasGoneIsAnError) {
  reader.close();
  const std::string text = "x";
  write(std::array{asio::const_buffer(asio::buffer(text))});
  loop.settle();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first, asio::error::broken_pipe);
}

}  // namespace
}  // namespace promethean::net
