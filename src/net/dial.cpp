#include "net/dial.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace promethean::net {

namespace asio = boost::asio;
using async::Context;
using async::Executor;
using async::kTuple;
using async::Task;
using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Generic = asio::generic::stream_protocol::endpoint;

namespace {

Task<base::Result<std::vector<Generic>>> look_up(Context& stage, Context& ctx, const Endpoint& to) {
  std::vector<Generic> targets;
  ErrorCode ec;
  if (to.is_unix) {
    targets.emplace_back(asio::local::stream_protocol::endpoint(to.host));
  } else if (const auto numeric = asio::ip::make_address(to.host, ec); !ec) {
    targets.emplace_back(Tcp::endpoint(numeric, to.port));
  } else {
    asio::ip::basic_resolver<Tcp, Executor> resolver(ctx.core());
    auto stop = stage.on_cancel([&resolver] { resolver.cancel(); });
    auto [error, found] = co_await resolver.async_resolve(to.host, std::to_string(to.port), kTuple);
    if (error) co_return base::fail(io_error(stage, ctx, error, "looking up " + to.host));
    for (const auto& entry : found) targets.emplace_back(entry.endpoint());
  }
  co_return targets;
}

Task<base::Result<UpstreamSocket>> connect(Context& stage, Context& ctx, const Endpoint& to) {
  const auto targets = co_await look_up(stage, ctx, to);
  if (!targets) co_return base::fail(targets.error());
  ErrorCode ec = asio::error::host_not_found;
  for (const auto& target : *targets) {
    UpstreamSocket socket(ctx.core());
    auto stop = stage.on_cancel([&socket] { socket.close(); });
    if (stage.done()) break;
    std::tie(ec) = co_await socket.async_connect(target, kTuple);
    if (ec) continue;
    ErrorCode ignored;
    if (!to.is_unix) socket.set_option(Tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    co_return socket;
  }
  co_return base::fail(io_error(stage, ctx, ec, "connecting to " + to.label()));
}

}  // namespace

Task<base::Result<std::unique_ptr<Link>>> dial(Context& ctx, const Url& url, std::shared_ptr<Tls> tls,
                                               std::chrono::milliseconds time) {
  Context stage(ctx, base::steady_now() + time);
  auto socket = co_await connect(stage, ctx, url.endpoint);
  if (!socket) co_return base::fail(std::move(socket).error());
  if (!url.tls) co_return make_plain_link(std::move(*socket));
  auto link = co_await open_tls_link(stage, ctx, std::move(*socket), url.endpoint, std::move(tls));
  co_return link;
}

}  // namespace promethean::net
