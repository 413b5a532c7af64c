// Outgoing HTTP, as the rooms above see it. net/client.h implements it; tests bring a scripted one.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "http/message.h"

namespace promethean::http {

// One deadline for each stage; each failure names its stage. Total time is the Context's deadline.
struct ClientTimeouts {
  std::chrono::milliseconds connect{2'000};
  std::chrono::milliseconds first_byte{120'000};  // request sent -> response head
  std::chrono::milliseconds idle{120'000};        // between two reads of the body
};

struct ClientRequest {
  Method method = Method::kGet;
  std::string url;  // http(s)://host[:port]/path?query, or unix:/path/to.sock:/path?query
  Headers headers;  // host, content-length and connection are set by the client
  std::string body;
  ClientTimeouts timeouts;
  bool idempotent = false;  // may be sent once more when a kept-alive connection turns out to be dead
};

// The answer's head, and its body as a stream. Destroying it before the end closes the upstream connection at once;
// read to the end, the connection goes back to the pool of its core.
class ClientResponse {
 public:
  virtual ~ClientResponse() = default;
  int status = 0;
  Headers headers;

  // The next piece, nullptr at the clean end. kUnavailable when the upstream broke off, kDeadlineExceeded when idle too
  // long, the context's error when that is done (the upstream socket is closed in the same turn of the loop).
  virtual Task<base::Result<Chunk>> next(Context& ctx) = 0;
};

class Client {
 public:
  virtual ~Client() = default;
  // kUnavailable: no connection, or it broke before the head; kInvalidArgument: a bad URL.
  virtual Task<base::Result<std::unique_ptr<ClientResponse>>> send(Context& ctx, ClientRequest request) = 0;

  // Closes the kept-alive connections. Call it once no loop runs any more and before the loops are destroyed.
  virtual void close() {}
};

// Reads the whole body; kTooLarge over `limit`.
Task<base::Result<std::string>> read_body(Context& ctx, ClientResponse& response, size_t limit);

}  // namespace promethean::http
