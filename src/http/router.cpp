#include "http/router.h"

#include <cmath>
#include <unordered_map>

#include "base/strings.h"
#include "http/head_checks.h"
#include "http/rate_limit.h"
#include "http/route_table.h"

namespace promethean::http {

namespace {
using base::Code;
using base::Error;

// Whose clients ask for a path that has no route.
Family family_of(std::string_view path) {
  const auto under = [path](std::string_view prefix) {
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
  };
  if (under("/v1/messages")) return Family::kAnthropic;
  if (under("/api")) return Family::kOllama;
  if (under("/v1")) return Family::kOpenAi;
  return Family::kBridge;
}

std::string allowed_methods(const std::vector<const Route*>& routes) {
  std::string out;
  for (const Route* route : routes) {
    if (!out.empty()) out += ", ";
    out += method_name(route->method);
    if (route->method == Method::kGet) out += ", HEAD";
  }
  return out;
}

// "127.0.0.1:52110" -> "127.0.0.1"
std::string_view address_of(std::string_view remote) {
  return remote.substr(0, remote.rfind(':'));
}

Admission rejection(Response response) {
  Admission admission;
  admission.rejection = std::move(response);
  return admission;
}
}  // namespace

struct Router::Compiled {
  RouteTable table;
  std::vector<std::string> paths;
  std::unordered_map<const Route*, json::Schema> schemas;
  std::unique_ptr<RateLimiter> limiter;
};

Router::Router(RouterOptions options, std::shared_ptr<const Authenticator> auth)
    : options_(std::move(options)), auth_(std::move(auth)), compiled_(std::make_unique<Compiled>()) {
  if (options_.rate_per_second > 0) {
    const double burst = std::max(options_.rate_burst, 1.0);
    compiled_->limiter = std::make_unique<RateLimiter>(options_.rate_per_second, burst);
  }
}

Router::~Router() = default;

base::Result<void> Router::add(Route route) {
  for (const auto& known : routes_) {
    if (known->operation_id == route.operation_id) {
      return base::fail(Code::kConflict, "two routes with the operation id " + route.operation_id);
    }
  }
  std::optional<json::Schema> schema;
  if (!route.request_schema.empty()) {
    auto compiled = json::Schema::compile(route.request_schema);
    if (!compiled) return base::fail(compiled.error().wrap("schema of " + route.operation_id));
    schema = std::move(*compiled);
  }
  auto owned = std::make_unique<const Route>(std::move(route));
  if (auto added = compiled_->table.add(*owned); !added) return added;
  if (schema) compiled_->schemas.emplace(owned.get(), std::move(*schema));
  routes_.push_back(std::move(owned));
  compiled_->paths = compiled_->table.paths();
  return {};
}

void Router::allow_origin(const RequestHead& head, Response& response) const {
  if (!head.headers.get("origin")) return;
  if (classify_origin(head, options_.allowed_origins) != Origin::kListed) return;
  response.headers.set("access-control-allow-origin", std::string(*head.headers.get("origin")));
  response.headers.set("access-control-expose-headers", "x-request-id, retry-after");
  response.headers.add("vary", "origin");
}

namespace {
// The answer to a browser that asks whether a page of a listed origin may send its request. It carries no credential.
Response preflight() {
  Response response;
  response.status = 204;
  response.headers.add("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
  response.headers.add("access-control-allow-headers",
                       "authorization, content-type, last-event-id, traceparent, x-api-key, x-request-id");
  response.headers.add("access-control-max-age", "600");
  return response;
}

Response unauthorized(Family family, const RequestHead& head, const Error& error) {
  Response response = error_response(family, error);
  // RFC 6750, 3: no error code when the request carried no credential at all.
  const bool tried = head.headers.get("authorization").has_value();
  response.headers.add("www-authenticate",
                       tried ? "Bearer realm=\"promethean\", error=\"invalid_token\"" : "Bearer realm=\"promethean\"");
  return response;
}

Response forbidden(const Route& route) {
  const std::string scope(scope_name(route.scope));
  Response response =
      error_response(route.family, Error(Code::kPermissionDenied, "this token lacks the scope " + scope,
                                         "`promethean token create --scope " + scope + "` makes one that has it"));
  response.headers.add("www-authenticate",
                       "Bearer realm=\"promethean\", error=\"insufficient_scope\", scope=\"" + scope + "\"");
  return response;
}

Response not_found(Family family, std::string_view path, const std::vector<std::string>& paths) {
  const auto near = base::nearest(path, paths);
  return error_response(family, Error(Code::kNotFound, "no such path", near ? "did you mean " + *near + "?" : ""));
}

Response wrong_method(Family family, const RequestHead& head, const std::vector<const Route*>& routes) {
  const std::string allowed = allowed_methods(routes);
  Response response = error_response(
      family,
      Error(Code::kInvalidArgument, std::string(method_name(head.method)) + " is not for this path", "use " + allowed));
  response.status = 405;
  response.headers.add("allow", allowed);
  return response;
}
}  // namespace

base::Result<void> Router::check_credential(const RequestHead& head, bool open_path, Principal& principal) const {
  if (open_path) return {};
  auto known = auth_->authenticate(head);
  if (!known) return base::fail(std::move(known).error());
  principal = std::move(*known);
  return {};
}

std::optional<Response> Router::check_rate(const RequestHead& head, const Route& route,
                                           const Principal& principal) const {
  if (!compiled_->limiter || route.limits.rate_cost <= 0) return std::nullopt;
  const std::string_view caller = route.scope == Scope::kNone ? address_of(head.remote) : principal.id;
  const double wait = compiled_->limiter->take(caller, route.limits.rate_cost, base::steady_now());
  if (wait <= 0) return std::nullopt;
  const auto seconds = static_cast<int64_t>(std::ceil(wait));
  Response response = error_response(
      route.family, Error(Code::kRateLimited, "too many requests", "try again in " + std::to_string(seconds) + " s"));
  response.headers.set("retry-after", std::to_string(seconds));
  return response;
}

Admission Router::admit(const RequestHead& head) const {
  // The look-up comes first, because it says whose shape an error has; what it found is told only after the credential.
  RouteTable::Match match = compiled_->table.find(head.method, head.path);
  const Route* any = match.route != nullptr ? match.route : match.others != nullptr ? match.others->front() : nullptr;
  const Family family = any != nullptr ? any->family : family_of(head.path);
  const auto refuse = [&](Response response) {
    allow_origin(head, response);
    return rejection(std::move(response));
  };

  if (options_.check_host) {
    if (auto host = check_host(head, options_.allowed_hosts); !host)
      return refuse(error_response(family, host.error()));
  }
  const Origin origin = classify_origin(head, options_.allowed_origins);
  if (origin == Origin::kForeign) {
    return refuse(error_response(family, Error(Code::kPermissionDenied, "requests of this web origin are not allowed",
                                               "add the origin to the allowed origins of the server")));
  }
  const bool asks_first = head.method == Method::kOptions && head.headers.get("access-control-request-method");
  if (origin == Origin::kListed && asks_first) return refuse(preflight());
  if (auto failure = check_content_type(head)) {
    Response response = error_response(family, failure->error);
    response.status = failure->status;
    return refuse(std::move(response));
  }

  Admission admission;
  const bool open_path = any != nullptr && any->scope == Scope::kNone;
  if (auto known = check_credential(head, open_path, admission.principal); !known) {
    return refuse(unauthorized(family, head, known.error()));
  }
  if (match.route == nullptr) {
    return refuse(any != nullptr ? wrong_method(family, head, *match.others)
                                 : not_found(family, head.path, compiled_->paths));
  }
  const Route& route = *match.route;
  if (!admission.principal.has(route.scope)) return refuse(forbidden(route));
  if (auto limited = check_rate(head, route, admission.principal)) return refuse(std::move(*limited));
  if (announced_body(head) > route.limits.max_body) {
    return refuse(error_response(
        family, Error(Code::kTooLarge, "the request body is larger than " + base::human_bytes(route.limits.max_body))));
  }
  admission.route = &route;
  admission.max_body = route.limits.max_body;
  admission.params = std::move(match.params);
  return admission;
}

Response Router::reject(std::string_view path, const Error& error) const {
  const RouteTable::Match match = compiled_->table.find(Method::kGet, path);
  const Route* any = match.route != nullptr ? match.route : match.others != nullptr ? match.others->front() : nullptr;
  return error_response(any != nullptr ? any->family : family_of(path), error);
}

namespace {
// Parses and validates the body of a route with a schema into request.json; the error response if that fails.
std::optional<Response> read_json(const Route& route, const json::Schema& schema, Request& request) {
  if (request.body.empty()) {
    return error_response(route.family,
                          Error(Code::kInvalidArgument, "the request body is empty", "send a JSON object"));
  }
  auto document = json::parse(request.body);
  if (!document) return error_response(route.family, document.error().wrap("the request body is not valid JSON"));
  if (const auto violation = schema.check(*document)) {
    const std::string where = violation->path.empty() ? "the request body" : violation->path;
    return error_response(route.family, Error(Code::kInvalidArgument, where + ": " + violation->reason),
                          violation->path);
  }
  request.json = std::move(*document);
  return std::nullopt;
}
}  // namespace

Task<Response> Router::dispatch(Context& ctx, const Route& route, Request request) const {
  Response response;
  try {
    const auto schema = compiled_->schemas.find(&route);
    std::optional<Response> refused;
    if (schema != compiled_->schemas.end()) refused = read_json(route, schema->second, request);
    if (refused) {
      response = std::move(*refused);
    } else {
      response = co_await route.handler(ctx, request);
    }
  } catch (const std::exception& e) {
    options_.log.error("handler threw",
                       {{"operation", route.operation_id}, {"request_id", ctx.trace.request_id}, {"what", e.what()}});
    response = error_response(
        route.family, Error(Code::kInternal, "internal error", "the server's log has more, see the x-request-id"));
  }
  allow_origin(request, response);
  co_return response;
}

}  // namespace promethean::http
