// One connected byte stream to an upstream: a socket, or TLS over one. What speaks HTTP above does not see which.
#pragma once

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>

#include "async/context.h"
#include "net/endpoint.h"

namespace promethean::net {

class Tls;
using UpstreamSocket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, async::Executor>;

// Threads: only the core that opened it. One read or one write at a time; it outlives what it was asked to do.
class Link {
 public:
  using Io = async::Task<std::tuple<boost::system::error_code, size_t>>;

  virtual ~Link() = default;
  // asio::error::eof at the proper end. A TLS peer that leaves without its goodbye: asio::ssl::error::stream_truncated.
  virtual Io read_some(boost::asio::mutable_buffer into) = 0;
  virtual Io write(std::array<boost::asio::const_buffer, 2> bytes) = 0;  // all of it
  virtual void close() = 0;                                              // at once; what waits ends with an error
  // Nothing has arrived on it. An idle connection on which something does (an EOF, a 408) is not usable any more.
  virtual bool is_silent() = 0;
};

std::unique_ptr<Link> make_plain_link(UpstreamSocket socket);

// Shakes hands on a connected socket and checks that the certificate is trusted and names `to`. `stage` limits the
// time; it is a child of `ctx`, whose own end is told apart in the error. Every reference outlives the task.
async::Task<base::Result<std::unique_ptr<Link>>> open_tls_link(async::Context& stage, async::Context& ctx,
                                                               UpstreamSocket socket, const Endpoint& to,
                                                               std::shared_ptr<Tls> tls);

// In words: `what` failed with `ec`, or took too long, or was not wanted any more.
base::Error io_error(const async::Context& stage, const async::Context& whole, boost::system::error_code ec,
                     std::string what);

}  // namespace promethean::net
