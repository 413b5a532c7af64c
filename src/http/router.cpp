#include "http/router.h"

#include <algorithm>
#include <unordered_map>

#include "base/strings.h"
#include "http/arguments.h"
#include "http/etag.h"
#include "http/head_checks.h"
#include "http/rate_limit.h"
#include "http/rejections.h"
#include "http/route_table.h"

namespace promethean::http {

namespace {
using base::Code;
using base::Error;

// "127.0.0.1:52110" -> "127.0.0.1"
std::string_view address_of(std::string_view remote) {
  return remote.substr(0, remote.rfind(':'));
}
}  // namespace

struct Router::Compiled {
  RouteTable table;
  std::vector<std::string> paths;  // for "did you mean"
  struct Checks {
    std::optional<json::Schema> arguments, body;
  };
  std::unordered_map<const Route*, Checks> checks;  // of the routes that have any
  std::unique_ptr<RateLimiter> limiter;
};

// What a path leads to. The look-up comes before the checks, because it says whose shape an error has and whether a
// credential is needed; what it found is told only after the credential.
struct Router::Target {
  Target(const RouteTable& table, Method method, std::string_view path) : match(table.find(method, path)) {
    const Route* any = match.route;
    if (any == nullptr && match.others != nullptr) any = match.others->front();
    family = any != nullptr ? any->family : family_of(path);
    open = any != nullptr && any->scope == Scope::kNone;
  }

  RouteTable::Match match;
  Family family;
  bool open;  // needs no credential
};

namespace {
// Limits of ChatGPT Actions; operation ids become names of functions in programs and models' tools.
constexpr size_t kMaxOperationId = 64;
constexpr size_t kMaxText = 300;

bool is_function_name(std::string_view id) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto part = [&letter](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !id.empty() && id.size() <= kMaxOperationId && letter(id.front()) && std::ranges::all_of(id, part);
}

base::Result<void> check_texts(const Route& route) {
  if (!is_function_name(route.operation_id))
    return base::fail(Code::kInvalidArgument, "the operation id '" + route.operation_id + "' is no name of a function");
  if (route.summary.size() > kMaxText || route.description.size() > kMaxText)
    return base::fail(Code::kInvalidArgument, "a text of " + route.operation_id + " has over 300 characters");
  return {};
}

base::Result<std::optional<json::Schema>> compile_schema(const Route& route, std::string_view text) {
  if (text.empty()) return std::nullopt;
  auto compiled = json::Schema::compile(text);
  if (!compiled) return base::fail(compiled.error().wrap("a schema of " + route.operation_id));
  return std::move(*compiled);
}
}  // namespace

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
  if (auto good = check_texts(route); !good) return good;
  auto arguments = compile_schema(route, route.parameters);
  if (!arguments) return base::fail(std::move(arguments).error());
  auto body = compile_schema(route, route.request_schema);
  if (!body) return base::fail(std::move(body).error());
  const auto response = compile_schema(route, route.response_schema);  // only described, never checked
  if (!response) return base::fail(response.error());

  auto owned = std::make_unique<const Route>(std::move(route));
  if (auto added = compiled_->table.add(*owned); !added) return added;
  if (*arguments || *body) compiled_->checks.emplace(owned.get(), Compiled::Checks{*arguments, *body});
  routes_.push_back(std::move(owned));
  compiled_->paths = compiled_->table.paths();
  return {};
}

Admission Router::admit(const RequestHead& head) const {
  Target target(compiled_->table, head.method, head.path);
  Admission admission;
  admission.rejection = check_head(head, target.family);
  if (!admission.rejection) admission.rejection = check_caller(head, target, admission.principal);
  if (admission.rejection) {
    allow_origin(head, *admission.rejection);
    return admission;
  }
  admission.route = target.match.route;
  admission.max_body = admission.route->limits.max_body;
  admission.params = std::move(target.match.params);
  return admission;
}

// Host, origin, content type: what keeps web pages out.
std::optional<Response> Router::check_head(const RequestHead& head, Family family) const {
  if (options_.check_host) {
    const auto host = check_host(head, options_.allowed_hosts);
    if (!host) return error_response(family, host.error());
  }
  const Origin origin = classify_origin(head, options_.allowed_origins);
  if (origin == Origin::kForeign) return foreign_origin(family);
  const bool asks_first = head.method == Method::kOptions && head.headers.get("access-control-request-method");
  if (origin == Origin::kListed && asks_first) return preflight();
  if (const auto failure = check_content_type(head)) {
    Response response = error_response(family, failure->error);
    response.status = failure->status;
    return response;
  }
  return std::nullopt;
}

// Credential, route, scope, rate, size: what this caller may do.
std::optional<Response> Router::check_caller(const RequestHead& head, const Target& target,
                                             Principal& principal) const {
  if (!target.open) {
    auto known = auth_->authenticate(head);
    if (!known) return unauthorized(target.family, head, known.error());
    principal = std::move(*known);
  }
  const Route* route = target.match.route;
  if (route == nullptr) {
    return target.match.others != nullptr ? wrong_method(target.family, head, *target.match.others)
                                          : not_found(target.family, head.path, compiled_->paths);
  }
  if (!principal.has(route->scope)) return forbidden(*route);
  if (compiled_->limiter && route->limits.rate_cost > 0) {
    const std::string_view caller = target.open ? address_of(head.remote) : principal.id;
    const double wait = compiled_->limiter->take(caller, route->limits.rate_cost, base::steady_now());
    if (wait > 0) return too_many(target.family, wait);
  }
  if (announced_body(head) > route->limits.max_body) return body_too_large(target.family, route->limits.max_body);
  return std::nullopt;
}

void Router::allow_origin(const RequestHead& head, Response& response) const {
  const auto origin = head.headers.get("origin");
  if (!origin || classify_origin(head, options_.allowed_origins) != Origin::kListed) return;
  response.headers.set("access-control-allow-origin", std::string(*origin));
  response.headers.set("access-control-expose-headers", "x-request-id, x-promethean-exchange, retry-after");
  response.headers.add("vary", "origin");
}

Response Router::reject(std::string_view path, const Error& error) const {
  return error_response(Target(compiled_->table, Method::kGet, path).family, error);
}

namespace {
std::optional<Response> take_arguments(const Route& route, const json::Schema& schema, Request& request) {
  auto arguments = read_arguments(schema, request);
  if (!arguments) return error_response(route.family, arguments.error());
  request.arguments = std::move(*arguments);
  return std::nullopt;
}

// Parses and validates the body of a route with a schema into request.json; the error response if that fails.
std::optional<Response> read_json(const Route& route, const json::Schema& schema, Request& request) {
  if (request.body.empty() && !route.body_optional) {
    return error_response(route.family,
                          Error(Code::kInvalidArgument, "the request body is empty", "send a JSON object"));
  }
  auto document = json::parse(request.body.empty() ? "{}" : request.body);
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
    const auto found = compiled_->checks.find(&route);
    std::optional<Response> refused;
    if (found != compiled_->checks.end()) {
      const auto& [arguments, body] = found->second;
      if (arguments) refused = take_arguments(route, *arguments, request);
      if (!refused && body) refused = read_json(route, *body, request);
    }
    if (refused) {
      response = std::move(*refused);
    } else {
      response = co_await route.handler(ctx, request);
      if (route.has_etag) leave_out_what_is_known(request, response);
    }
  } catch (const std::exception& e) {
    base::LogFields fields = {
        {"operation", route.operation_id}, {"request_id", ctx.trace.request_id}, {"what", e.what()}};
    options_.log.error("handler threw", std::move(fields));
    response = error_response(
        route.family, Error(Code::kInternal, "internal error", "the server's log has more, see the x-request-id"));
  }
  for (const auto& [name, value] : request.answer_headers.fields()) response.headers.set(name, value);
  allow_origin(request, response);
  co_return response;
}

}  // namespace promethean::http
