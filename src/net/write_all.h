// Writing to a socket to the end.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "async/task.h"

namespace promethean::net {

// Writes all of `buffers`; what they point to outlives the task. `socket` is non-blocking: nearly always it takes
// everything at once, and then no turn of the loop is waited for.
template <class Socket, size_t N>
async::Task<std::tuple<boost::system::error_code, size_t>> write_all(Socket& socket,
                                                                     std::array<boost::asio::const_buffer, N> buffers) {
  namespace asio = boost::asio;
  boost::system::error_code ec;
  const size_t sent = socket.write_some(buffers, ec);
  const bool full = ec == asio::error::would_block || ec == asio::error::try_again;
  if ((ec && !full) || sent == asio::buffer_size(buffers)) co_return std::tuple(ec, sent);
  size_t left = sent;
  for (auto& buffer : buffers) {
    const size_t part = std::min(left, buffer.size());
    buffer += part;
    left -= part;
  }
  const auto [failed, rest] = co_await asio::async_write(socket, buffers, async::kTuple);
  co_return std::tuple(failed, sent + rest);
}

}  // namespace promethean::net
