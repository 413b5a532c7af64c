#include "net/server.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>

#include "base/hash.h"
#include "net/core.h"
#include "net/endpoint.h"

namespace promethean::net {

namespace asio = boost::asio;
using async::Task;
using ErrorCode = boost::system::error_code;

namespace {

constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kDrainPoll{10};
constexpr std::chrono::milliseconds kLastWords{500};  // for terminal error events, between asking and cutting
constexpr std::chrono::seconds kCutTime{2};           // for coroutines of cut connections to unwind

base::Error bind_error(const Endpoint& at, int error) {
  const auto hint = error == EADDRINUSE ? "stop the other program, or choose another address with --listen" : "";
  return base::errno_error(error, "listen on " + at.label()).with_hint(hint);
}

base::Result<Protocol::endpoint> resolve(const Endpoint& at) {
  if (at.is_unix) return Protocol::endpoint(asio::local::stream_protocol::endpoint(at.host));
  ErrorCode ec;
  const auto address = asio::ip::make_address(at.host == "localhost" ? "127.0.0.1" : at.host, ec);
  if (ec) {
    return base::fail(base::Code::kInvalidArgument, "cannot listen on '" + at.host + "'",
                      "write a numeric address, as in 127.0.0.1:3210 or [::1]:3210");
  }
  return Protocol::endpoint(asio::ip::tcp::endpoint(address, at.port));
}

base::Result<Acceptor> open_acceptor(async::Executor core, const Endpoint& at, bool share_port) {
  const auto where = resolve(at);
  if (!where) return base::fail(where.error());
  Acceptor acceptor(core);
  ErrorCode ec;
  acceptor.open(where->protocol(), ec);
  if (ec) return base::fail(bind_error(at, ec.value()));
  const int on = 1;
  if (!at.is_unix) ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (share_port) ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (!ec) acceptor.bind(*where, ec);
  if (!ec) acceptor.listen(kBacklog, ec);
  if (ec) return base::fail(bind_error(at, ec.value()));
  return acceptor;
}

uint16_t bound_port(const Acceptor& acceptor) {
  ErrorCode ec;
  const auto local = acceptor.local_endpoint(ec);
  asio::ip::tcp::endpoint address;
  std::memcpy(address.data(), local.data(), local.size());
  return address.port();
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(async::Runtime& r, std::shared_ptr<Shared> s) : runtime(r), shared(std::move(s)) {
    for (int i = 0; i < runtime.size(); ++i) cores.push_back(std::make_shared<Core>(runtime.core(i), shared, i));
  }

  base::Result<void> listen(const Endpoint& at);
  base::Result<void> listen_unix(const Endpoint& at);
  Task<void> drain(std::function<void(size_t)> done);
  void on_every_core(void (Core::*action)()) {
    for (const auto& core : cores) asio::post(core->executor, [action, core] { ((*core).*action)(); });
  }

  async::Runtime& runtime;
  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<Core>> cores;
  std::vector<std::string> addresses;
  std::vector<std::string> socket_files;
  base::SteadyTime cut_at;
  bool draining = false;
};

Server::Server(async::Runtime& runtime, const http::Router& router, telemetry::Registry& metrics, base::Log log,
               ServerOptions options)
    : impl_(std::make_shared<Impl>(
          runtime, std::make_shared<Shared>(router, ServerMetrics(metrics, router, runtime.size()), std::move(log),
                                            std::move(options), "req-" + base::random_hex(4) + "-"))) {}

Server::~Server() {
  for (const auto& file : impl_->socket_files) ::unlink(file.c_str());
}

const std::vector<std::string>& Server::addresses() const {
  return impl_->addresses;
}

base::Result<void> Server::start() {
  for (const auto& core : impl_->cores) asio::post(core->executor, [core] { core->start_clock(); });
  for (const auto& text : impl_->shared->options.listen) {
    const auto at = parse_endpoint(text);
    if (!at) return base::fail(at.error());
    auto listening = at->is_unix ? impl_->listen_unix(*at) : impl_->listen(*at);
    if (!listening) return listening;
  }
  return {};
}

// SO_REUSEPORT lets a second server of the same user share our port without a word. So the port is first taken alone,
// which fails when anybody has it, and shared between our cores only then.
base::Result<void> Server::Impl::listen(const Endpoint& at) {
  Endpoint where = at;
  {
    auto alone = open_acceptor(cores[0]->executor, at, false);
    if (!alone) return base::fail(std::move(alone).error());
    where.port = bound_port(*alone);
  }
  for (const auto& core : cores) {
    auto acceptor = open_acceptor(core->executor, where, true);
    if (!acceptor) return base::fail(std::move(acceptor).error());
    asio::post(core->executor,
               [core, a = std::make_shared<Acceptor>(std::move(*acceptor))] { core->listen(std::move(*a), false); });
  }
  addresses.push_back(where.label());
  return {};
}

// One acceptor on core 0. A socket file that nobody answers on is a leftover and replaced.
base::Result<void> Server::Impl::listen_unix(const Endpoint& at) {
  ErrorCode ec;
  Socket probe(cores[0]->executor);
  probe.connect(Protocol::endpoint(asio::local::stream_protocol::endpoint(at.host)), ec);
  if (!ec) return base::fail(bind_error(at, EADDRINUSE));
  if (ec == asio::error::connection_refused) ::unlink(at.host.c_str());
  const mode_t mask = ::umask(0177);  // the socket is for this user only
  auto acceptor = open_acceptor(cores[0]->executor, at, false);
  ::umask(mask);
  if (!acceptor) return base::fail(std::move(acceptor).error());
  socket_files.push_back(at.host);
  asio::post(cores[0]->executor,
             [c = cores[0], a = std::make_shared<Acceptor>(std::move(*acceptor))] { c->listen(std::move(*a), true); });
  addresses.push_back(at.label());
  return {};
}

void Server::drain(std::chrono::milliseconds grace, std::function<void(size_t cut)> done) {
  asio::post(impl_->cores[0]->executor, [impl = impl_, grace, done = std::move(done)] {
    impl->cut_at = base::steady_now() + grace;
    if (impl->draining) {
      impl->cut_at = base::steady_now();
      return;
    }
    impl->draining = true;
    async::spawn(impl->cores[0]->executor, impl->shared->log, "drain", impl->drain(done));
  });
}

Task<void> Server::Impl::drain(std::function<void(size_t)> done) {
  const auto self = shared_from_this();
  on_every_core(&Core::drain);
  Timer timer(cores[0]->executor);
  bool asked = false;
  bool was_cut = false;
  size_t cut = 0;
  for (;;) {
    timer.expires_after(kDrainPoll);
    co_await timer.async_wait(async::kTuple);
    const size_t live = shared->live.load();
    if (live == 0) break;
    const auto now = base::steady_now();
    if (!asked && now >= cut_at) {
      asked = true;
      cut = live;
      on_every_core(&Core::cancel);
    }
    if (!was_cut && now >= cut_at + kLastWords) {
      was_cut = true;
      on_every_core(&Core::cut);
    }
    if (was_cut && now >= cut_at + kLastWords + kCutTime) break;
  }
  done(cut);
}

}  // namespace promethean::net
