// The route table, and the one order of checks that every request passes (docs/architecture.md, "where a request
// enters").
//
// A Route is data: method, path, scope, limits, schemas and texts. What is checked and what is described
// (http/openapi.h) are the same data, so that neither can be wrong about the other.
// admit() sees only the head and decides before a byte of the body is read; dispatch() parses, validates, and calls the
// handler. Threads: the table is built before serving and then read-only; admit() and dispatch() run on any core.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "http/auth.h"
#include "http/message.h"
#include "json/schema.h"

namespace promethean::http {

// Whose error shape an answer has.
enum class Family { kOpenAi, kAnthropic, kOllama, kBridge };

struct RouteLimits {
  size_t max_body = 2 << 20;                   // bytes; over it: 413 before the body is read
  std::chrono::milliseconds deadline{30'000};  // total time of a request; streams: until the last chunk
  double rate_cost = 1.0;                      // tokens taken from the caller's bucket; 0: not limited
};

// The Request lives until the handler has returned: a stream that goes on after that keeps copies. The Context lives
// until the last chunk is sent.
using Handler = std::function<Task<Response>(Context&, Request&)>;

struct Route {
  Method method = Method::kGet;
  std::string path;          // "/v1/models/{id}"; a last part "{id*}" takes the rest of the path
  std::string operation_id;  // unique, camelCase
  Family family = Family::kBridge;
  Scope scope = Scope::kRead;
  RouteLimits limits;
  std::string summary;          // one line; at most 300 characters
  std::string description;      // when to use it, for people and models; at most 300 characters
  std::string group;            // under which heading it is described; empty: its family's
  std::string parameters;       // JSON Schema of what path and query say (http/arguments.h); empty: nothing
  std::string request_schema;   // JSON Schema of the body; empty: no JSON body is taken
  bool body_optional = false;   // without a body it counts as {}
  std::string response_schema;  // JSON Schema of the body of a good answer; empty: any
  std::string response_type = "application/json";
  int success = 200;         // the status of a good answer
  bool streams = false;      // may answer with an event stream
  bool has_etag = false;     // a good answer has an ETag, and is 304 for a client that knows it
  bool for_actions = false;  // among the few that are offered to a ChatGPT Action (docs/api.md)
  Handler handler;
};

// An error in the shape of `family`; `param` (default: the error's field) names the offending field where the shape has
// room for it.
//   OpenAI     {"error":{"message","type","param","code"}}      Anthropic
//   {"type":"error","error":{"type","message"},"request_id"} Ollama     {"error":"text"} bridge
//   {"ok":false,"statusCode","error","code","message","hint"}
// The status is base::http_status, but for what the families' clients expect otherwise: kTooLarge about a `param` is a
// prompt over the model's context (400 context_length_exceeded; without one the body was too large, 413), kNotFound
// about "model" is model_not_found, and kUnavailable is Anthropic's 529. retry-after is set where a retry makes sense,
// and x-should-retry: false where the OpenAI clients would retry in vain.
Response error_response(Family family, const base::Error& error, std::string_view param = {});

// The same object without the response around it: for an error inside a stream that has begun.
json::Value error_body(Family family, const base::Error& error, std::string_view param = {});

// JSON Schema of error_body().
std::string_view error_schema(Family family);

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
  double rate_per_second = 200;              // per principal, or per address without a credential; 0: no limit
  double rate_burst = 400;
  base::Log log;  // told about handlers that throw
};

class Router {
 public:
  Router(RouterOptions options, std::shared_ptr<const Authenticator> auth);
  ~Router();

  // kConflict for a second route with the same method and path or operation id; kInvalidArgument for a bad schema, an
  // operation id that is no name of a function, and texts that are too long for a model's tool.
  base::Result<void> add(Route route);
  const std::vector<std::unique_ptr<const Route>>& routes() const { return routes_; }

  // The checks of the head, in their fixed order: host, origin, content type, credential, route, scope, rate, announced
  // size of the body. A HEAD request gets the GET route; whoever sends the answer leaves its body out. An OPTIONS
  // request of a listed origin is answered here, as a rejection with status 204.
  Admission admit(const RequestHead& head) const;

  // An error about this path in the shape its clients understand: for what goes wrong before or beside the router
  // (400, 408, 413, 431). Matches only the path, so it is safe for heads that never passed admit().
  Response reject(std::string_view path, const base::Error& error) const;

  // The body is in: parse, validate, handle. Never throws; a handler's exception is a 500 in the family's shape.
  // `ctx` and `route` outlive the task.
  Task<Response> dispatch(Context& ctx, const Route& route, Request request) const;

 private:
  struct Compiled;
  struct Target;
  std::optional<Response> check_head(const RequestHead& head, Family family) const;
  std::optional<Response> check_caller(const RequestHead& head, const Target& target, Principal& principal) const;
  void allow_origin(const RequestHead& head, Response& response) const;

  RouterOptions options_;
  std::shared_ptr<const Authenticator> auth_;
  std::vector<std::unique_ptr<const Route>> routes_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace promethean::http
