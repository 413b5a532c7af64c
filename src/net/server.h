// Server: listens, speaks HTTP/1.1, and hands requests to the router. The only part that sees a client's socket.
//
// One acceptor per core (SO_REUSEPORT), so the kernel spreads connections and each stays on its core for life. What
// happens to a request, in order, stands in docs/architecture.md, "where a request enters".
//
// Time limits: a head must be complete `header_timeout` after its first byte (else 408), a body `body_timeout` after
// its head; a connection may idle for `idle_timeout` between requests; a client that takes nothing for `write_timeout`
// is cut. They are checked once a second. While a handler runs, a client that closes its side cancels the request's
// Context.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/runtime.h"
#include "base/log.h"
#include "http/router.h"
#include "telemetry/registry.h"

namespace promethean::net {

struct ServerOptions {
  std::vector<std::string> listen;  // "127.0.0.1:3210", "[::1]:0", "unix:/path.sock"; port 0 picks a free one
  std::chrono::seconds header_timeout{10};
  std::chrono::seconds body_timeout{60};
  std::chrono::seconds idle_timeout{75};
  std::chrono::seconds write_timeout{60};
  size_t max_header = 16 << 10;     // bytes of request line and header fields; over it: 431
  size_t max_connections = 20'000;  // over it: 503 and close
};

class Server {
 public:
  // `runtime`, `router` and `metrics` outlive the server; `router` and `metrics` the runtime too.
  Server(async::Runtime& runtime, const http::Router& router, telemetry::Registry& metrics, base::Log log,
         ServerOptions options);
  ~Server();  // after drain() or once the runtime has stopped

  // Binds and starts to accept. kUnavailable when an address is taken, kInvalidArgument when it cannot be parsed.
  base::Result<void> start();

  // The bound addresses, with the real ports: "127.0.0.1:3210".
  const std::vector<std::string>& addresses() const;

  // Accepts nothing new, lets running answers end (streams get their terminal event), and after `grace` cuts what is
  // left. `done` runs on core 0 with the number of connections that had to be cut. A second call shortens the grace to
  // zero.
  void drain(std::chrono::milliseconds grace, std::function<void(size_t cut)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace promethean::net
