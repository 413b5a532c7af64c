#include "http/rejections.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "http/auth.h"

namespace promethean::http {

namespace {
using base::Code;
using base::Error;

std::string allowed_methods(const std::vector<const Route*>& routes) {
  std::string out;
  for (const Route* route : routes) {
    if (!out.empty()) out += ", ";
    out += method_name(route->method);
    if (route->method == Method::kGet) out += ", HEAD";
  }
  return out;
}
}  // namespace

Family family_of(std::string_view path) {
  const auto under = [path](std::string_view prefix) {
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
  };
  if (under("/v1/messages")) return Family::kAnthropic;
  if (under("/api")) return Family::kOllama;
  if (under("/v1")) return Family::kOpenAi;
  return Family::kBridge;
}

Response foreign_origin(Family family) {
  return error_response(family, Error(Code::kPermissionDenied, "requests of this web origin are not allowed",
                                      "add the origin to the allowed origins of the server"));
}

Response unauthorized(Family family, const RequestHead& head, const Error& error) {
  Response response = error_response(family, error);
  // RFC 6750, 3: no error code when the request carried no credential at all.
  const auto there = [&head](std::string_view name) { return head.headers.get(name).has_value(); };
  const bool tried = std::ranges::any_of(kCredentialHeaders, there);
  response.headers.add("www-authenticate",
                       tried ? "Bearer realm=\"promethean\", error=\"invalid_token\"" : "Bearer realm=\"promethean\"");
  return response;
}

Response forbidden(const Route& route) {
  const std::string scope(scope_name(route.scope));
  const Error error(Code::kPermissionDenied, "this token lacks the scope " + scope,
                    "`promethean token create --scope " + scope + "` makes one that has it");
  Response response = error_response(route.family, error);
  response.headers.add("www-authenticate",
                       "Bearer realm=\"promethean\", error=\"insufficient_scope\", scope=\"" + scope + "\"");
  return response;
}

Response not_found(Family family, std::string_view path, const std::vector<std::string>& paths) {
  // The distance costs length times length: nobody mistypes a path that long.
  const auto near = path.size() <= 256 ? base::nearest(path, paths) : std::nullopt;
  return error_response(family, Error(Code::kNotFound, "no such path", near ? "did you mean " + *near + "?" : ""));
}

Response wrong_method(Family family, const RequestHead& head, const std::vector<const Route*>& routes) {
  const std::string allowed = allowed_methods(routes);
  const std::string name(head.method == Method::kOther ? "this method" : method_name(head.method));
  Response response =
      error_response(family, Error(Code::kInvalidArgument, name + " is not for this path", "use " + allowed));
  response.status = 405;
  response.headers.add("allow", allowed);
  return response;
}

Response too_many(Family family, double seconds) {
  const std::string wait = std::to_string(static_cast<int64_t>(std::ceil(seconds)));
  Response response =
      error_response(family, Error(Code::kRateLimited, "too many requests", "try again in " + wait + " s"));
  response.headers.set("retry-after", wait);
  return response;
}

Response body_too_large(Family family, size_t limit) {
  return error_response(family, Error(Code::kTooLarge, "the request body is larger than " + base::human_bytes(limit)));
}

Response preflight() {
  Response response;
  response.status = 204;
  response.headers.add("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
  response.headers.add("access-control-allow-headers",
                       "authorization, content-type, last-event-id, traceparent, x-api-key, x-promethean-retrieval, "
                       "x-promethean-session, x-request-id");
  response.headers.add("access-control-max-age", "600");
  return response;
}

}  // namespace promethean::http
