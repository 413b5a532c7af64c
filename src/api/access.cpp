// Who the caller is.
#include "api/bridge.h"
#include "api/bridge_schemas.h"

namespace promethean::api {

namespace {

// The router has looked at the credential already: who gets here has a good one, or needs none.
Task<http::Response> handle_me(Services& services, Context&, http::Request& request) {
  const Access& access = services.access;
  json::Object body{{"ok", true}, {"auth", access.secured}, {"cookie", nullptr}};
  if (!access.cookie.empty()) body["cookie"] = access.cookie;
  if (access.secured) {
    json::Array scopes;
    for (const http::Scope scope : request.principal.scopes) scopes.emplace_back(http::scope_name(scope));
    body["mode"] = "static";  // the original's name for tokens that are looked up
    body["id"] = request.principal.id;
    body["scopes"] = std::move(scopes);
  }
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

constexpr BridgeRoute kRoutes[] = {
    {.path = "/auth/me",
     .id = "getCaller",
     .handler = handle_me,
     .summary = "Say who the caller is",
     .description = "To try a credential: what it is called and which scopes it has. Any good credential may ask.",
     .scope = http::Scope::kAny,
     .response = caller_response,
     .group = kOperations},
};

}  // namespace

base::Result<void> add_access_routes(http::Router& router, Services& services) {
  return add_bridge(router, services, kRoutes, kAllPrefixes);
}

}  // namespace promethean::api
