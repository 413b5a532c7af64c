// Core: what one event loop's server side owns: its acceptors, its live connections, and the clock that watches them.
//
// Threads: only its own core touches a Core, except `live`, which counts the connections of all cores.
#pragma once

#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "async/runtime.h"
#include "base/log.h"
#include "http/router.h"
#include "net/server.h"
#include "net/server_metrics.h"
#include "telemetry/registry.h"

namespace promethean::net {

using Protocol = boost::asio::generic::stream_protocol;
using Socket = boost::asio::basic_stream_socket<Protocol, async::Executor>;
using Acceptor = boost::asio::basic_socket_acceptor<Protocol, async::Executor>;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, async::Executor>;

class Connection;

// Shared by the cores of one server and read-only while it runs, but for the counters.
struct Shared {
  Shared(const http::Router& r, ServerMetrics m, base::Log l, ServerOptions o, std::string prefix)
      : router(r), metrics(std::move(m)), log(std::move(l)), options(std::move(o)), id_prefix(std::move(prefix)) {}

  const http::Router& router;
  ServerMetrics metrics;
  base::Log log;
  ServerOptions options;
  std::string id_prefix;        // of request ids, random per process
  std::atomic<size_t> live{0};  // open connections
};

// Tasks hold it, since those that still wait are only destroyed with the runtime.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(async::Executor executor, std::shared_ptr<Shared> shared, int index);

  const async::Executor executor;
  const std::shared_ptr<Shared> shared;

  void listen(Acceptor acceptor, bool is_unix);  // takes a bound and listening socket and starts to accept
  void start_clock();                            // once a second: deadlines, date, loop lag

  bool draining() const { return draining_; }
  void drain();   // stop accepting, close what is idle, ask streams to end
  void cancel();  // end what still runs, with a terminal error where the format has one
  void cut();     // close everything that is left

  std::string next_request_id();
  const std::string& date() const { return date_; }  // RFC 9110 IMF-fixdate, at most a second old

  void add(Connection& connection);
  void remove(Connection& connection);

 private:
  void each(void (Connection::*action)());
  static async::Task<void> accept(std::shared_ptr<Core> self, std::shared_ptr<Acceptor> acceptor, bool is_unix);
  static async::Task<void> tick(std::shared_ptr<Core> self);
  void open(Socket socket, bool is_unix);

  int index_;
  bool draining_ = false;
  uint64_t requests_ = 0;
  std::string date_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  Connection* first_ = nullptr;
};

}  // namespace promethean::net
