// The route table, and the one order of checks that every request passes (docs/architecture.md, "where a request enters").
//
// A Route is data: method, path, scope, limits, schema and the texts from which OpenAPI and MCP descriptions are made.
// admit() sees only the head and decides before a byte of the body is read; dispatch() parses, validates, and calls the
// handler. Threads: the table is built before serving and then read-only; admit() and dispatch() run on any core.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/auth.h"
#include "http/message.h"
#include "json/schema.h"

namespace promethean::http {

// Whose error shape an answer has.
enum class Family { kOpenAi, kAnthropic, kOllama, kBridge };

struct RouteLimits {
  size_t max_body = 2 << 20;                  // bytes; over it: 413 before the body is read
  std::chrono::milliseconds deadline{30'000}; // total time of a request; streams: until the last chunk
  double rate_cost = 1.0;                     // tokens taken from the caller's bucket; 0: not limited
};

using Handler = std::function<Task<Response>(Context&, Request&)>;

struct Route {
  Method method = Method::kGet;
  std::string path;          // "/v1/models/{id}"; a last part "{id*}" takes the rest of the path
  std::string operation_id;  // unique, camelCase
  Family family = Family::kBridge;
  Scope scope = Scope::kRead;
  RouteLimits limits;
  std::string summary;       // one line
  std::string description;   // when to use it, for people and models; at most 300 characters
  std::string request_schema;  // JSON Schema of the body; empty: no JSON body is taken
  bool streams = false;      // may answer with an event stream
  Handler handler;
};

// An error in the shape of `family`; `param` names the offending field where the shape has room for it.
Response error_response(Family family, const base::Error& error, std::string_view param = {});

// What admit() decided: either `rejection`, or a route to read the body for.
struct Admission {
  std::optional<Response> rejection;
  const Route* route = nullptr;
  size_t max_body = 0;
  Principal principal;
  std::vector<std::pair<std::string, std::string>> params;
};

struct RouterOptions {
  std::vector<std::string> allowed_hosts;    // "127.0.0.1", "localhost", "[::1]", public names; without the port
  std::vector<std::string> allowed_origins;  // "https://app.example"; the server's own origins are always allowed
  bool check_host = true;                    // false on private Unix sockets
  double rate_per_second = 200;              // per principal
  double rate_burst = 400;
};

class Router {
 public:
  Router(RouterOptions options, std::shared_ptr<const Authenticator> auth);
  ~Router();

  // kConflict for a second route with the same method and path or operation id; kInvalidArgument for a bad schema.
  base::Result<void> add(Route route);
  const std::vector<std::unique_ptr<const Route>>& routes() const { return routes_; }

  // The checks of the head, in their fixed order: host, origin, content type, credential, route, scope, rate.
  Admission admit(const RequestHead& head) const;

  // The body is in: parse, validate, handle. Never throws; a handler's exception is a 500 in the family's shape.
  Task<Response> dispatch(Context& ctx, const Route& route, Request request) const;

 private:
  struct Compiled;
  struct RateLimiter;
  RouterOptions options_;
  std::shared_ptr<const Authenticator> auth_;
  std::vector<std::unique_ptr<const Route>> routes_;
  std::unique_ptr<Compiled> compiled_;
  std::unique_ptr<RateLimiter> limiter_;
};

}  // namespace promethean::http
