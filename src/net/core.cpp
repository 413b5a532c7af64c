#include "net/core.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>

#include "net/connection.h"

namespace promethean::net {

namespace asio = boost::asio;
using async::kTuple;
using async::Task;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::milliseconds kOutOfDescriptors{100};
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";

std::string remote_label(const Socket& socket, bool is_unix) {
  if (is_unix) return "unix";
  ErrorCode ec;
  const auto peer = socket.remote_endpoint(ec);
  if (ec || peer.size() > sizeof(sockaddr_in6)) return "unknown";
  asio::ip::tcp::endpoint address;
  std::memcpy(address.data(), peer.data(), peer.size());
  return address.address().to_string() + ":" + std::to_string(address.port());
}

}  // namespace

Core::Core(async::Executor e, std::shared_ptr<Shared> s, int index)
    : executor(e), shared(std::move(s)), index_(index) {}

void Core::listen(Acceptor acceptor, bool is_unix) {
  auto owned = std::make_shared<Acceptor>(std::move(acceptor));
  acceptors_.push_back(owned);
  async::spawn(executor, shared->log, "accept", accept(shared_from_this(), owned, is_unix));
}

Task<void> Core::accept(std::shared_ptr<Core> self, std::shared_ptr<Acceptor> acceptor, bool is_unix) {
  Timer pause(self->executor);
  for (;;) {
    Socket socket(self->executor);
    const auto [ec] = co_await acceptor->async_accept(socket, kTuple);
    if (!acceptor->is_open()) co_return;
    if (ec) {  // out of descriptors or memory: the connection stays queued in the kernel, so wait a little
      self->shared->log.warn("accept failed", {{"why", ec.message()}});
      pause.expires_after(kOutOfDescriptors);
      co_await pause.async_wait(kTuple);
      continue;
    }
    self->open(std::move(socket), is_unix);
  }
}

void Core::open(Socket socket, bool is_unix) {
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  if (shared->live.load(std::memory_order_relaxed) >= shared->options.max_connections) {
    socket.write_some(asio::buffer(kFull), ignored);
    shared->metrics.refused();
    return;
  }
  if (!is_unix) socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  std::string remote = remote_label(socket, is_unix);
  auto connection = std::make_unique<Connection>(shared_from_this(), std::move(socket), std::move(remote));
  async::spawn(executor, shared->log, "connection", Connection::serve(std::move(connection)));
}

void Core::start_clock() {
  async::spawn(executor, shared->log, "clock", tick(shared_from_this()));
}

Task<void> Core::tick(std::shared_ptr<Core> self) {
  Timer timer(self->executor);
  auto due = base::steady_now();
  for (;;) {
    const auto seconds = std::chrono::system_clock::to_time_t(base::wall_now());
    self->date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds));
    const auto now = base::steady_now();
    self->shared->metrics.loop_lag(self->index_, now - due);
    for (Connection* c = self->first_; c != nullptr;) {
      Connection* next = c->next;
      c->check_deadline(now);
      c = next;
    }
    due = now + kTick;
    timer.expires_at(due);
    const auto [ec] = co_await timer.async_wait(kTuple);
    if (ec) co_return;
  }
}

void Core::drain() {
  if (draining_) return;
  draining_ = true;
  for (auto& acceptor : acceptors_) {
    // What the kernel has already accepted for us would be reset with the acceptor: take it first.
    ErrorCode ec;
    acceptor->non_blocking(true, ec);
    while (!ec) {
      Socket socket(executor);
      acceptor->accept(socket, ec);
      if (!ec) open(std::move(socket), false);
    }
    acceptor->close(ec);
  }
  acceptors_.clear();
  each(&Connection::drain);
}

void Core::cancel() {
  each(&Connection::cancel);
}
void Core::cut() {
  each(&Connection::cut);
}

// An action may end its connection, never another one.
void Core::each(void (Connection::*action)()) {
  for (Connection* c = first_; c != nullptr;) {
    Connection* next = c->next;
    (c->*action)();
    c = next;
  }
}

std::string Core::next_request_id() {
  return fmt::format("{}{}-{:x}", shared->id_prefix, index_, ++requests_);
}

void Core::add(Connection& connection) {
  connection.next = first_;
  if (first_ != nullptr) first_->previous = &connection;
  first_ = &connection;
  shared->live.fetch_add(1, std::memory_order_relaxed);
  shared->metrics.connection(+1);
}

void Core::remove(Connection& connection) {
  if (connection.previous != nullptr) {
    connection.previous->next = connection.next;
  } else {
    first_ = connection.next;
  }
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  shared->live.fetch_sub(1, std::memory_order_relaxed);
  shared->metrics.connection(-1);
}

}  // namespace promethean::net
