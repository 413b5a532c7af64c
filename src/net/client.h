// The HTTP/1.1 client behind http::Client: TCP, TLS and Unix sockets, streaming bodies, one deadline a stage,
// kept-alive connections that stay on the core that opened them.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "http/client.h"

namespace promethean::net {

struct ClientOptions {
  size_t max_idle_per_host = 512;          // kept-alive connections of one core to one host
  std::chrono::seconds idle_lifetime{30};  // older ones are closed, never reused
  size_t max_header = 64 << 10;            // bytes of a response head
  std::string ca_file;                     // PEM; trusted by https beside the system's roots. Empty: none
};

// Threads: send() on any core; the connection belongs to that core. Call close() before the runtime dies.
std::unique_ptr<http::Client> make_client(ClientOptions options = {});

// For a start that fails early: kInvalidArgument when `path` is set and holds no certificates.
base::Result<void> check_ca_file(const std::string& path);

}  // namespace promethean::net
