// Routes of the sessions: what is kept, and forgetting it. How a request takes part in one is in session.cpp.
#include "api/dialect_schemas.h"
#include "api/services.h"
#include "base/clock.h"

namespace promethean::api {

namespace {

json::Object describe_session(const storage::StoredSession& session) {
  const auto time = [](int64_t ms) { return base::iso8601(base::WallTime(std::chrono::milliseconds(ms))); };
  return {{"id", session.id},
          {"object", "session"},
          {"created_at", time(session.created_ms)},
          {"last_used_at", time(session.used_ms)},
          {"message_count", session.count}};
}

http::Response session_error(const base::Error& error) {
  return http::error_response(http::Family::kBridge, error);
}

Task<http::Response> handle_list_sessions(Services& services, Context& ctx, http::Request& request) {
  auto sessions = co_await services.store.sessions(ctx, request.principal.id);
  if (!sessions) co_return session_error(sessions.error());
  json::Array list;
  for (const auto& session : *sessions) list.push_back(describe_session(session));
  const json::Value body = json::Object{{"ok", true}, {"sessions", std::move(list)}};
  co_return http::Response::json(200, body);
}

Task<http::Response> handle_get_session(Services& services, Context& ctx, http::Request& request) {
  auto session = co_await services.store.session(ctx, std::string(request.param("id")), request.principal.id);
  if (!session) co_return session_error(session.error());
  auto messages = json::parse(session->messages);
  if (!messages) co_return session_error(base::Error(base::Code::kInternal, "the stored messages cannot be read"));
  json::Object body{{"ok", true}};
  for (const auto& member : describe_session(*session)) body[member.key()] = member.value();
  body["messages"] = std::move(*messages);
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

Task<http::Response> handle_delete_session(Services& services, Context& ctx, http::Request& request) {
  const std::string id(request.param("id"));
  auto removed = co_await services.store.remove_session(ctx, id, request.principal.id);
  if (!removed) co_return session_error(removed.error());
  const json::Value body = json::Object{{"ok", true}, {"id", id}, {"deleted", true}};
  co_return http::Response::json(200, body);
}

http::Route session_route(http::Method method, std::string path, std::string id, std::string summary) {
  http::Route route;
  route.method = method;
  route.path = std::move(path);
  route.operation_id = std::move(id);
  route.summary = std::move(summary);
  route.group = "Sessions";
  return route;
}

}  // namespace

base::Result<void> add_session_routes(http::Router& router, Services& services) {
  using http::Method;
  std::vector<http::Route> routes;
  routes.push_back(session_route(Method::kGet, "/v1/sessions", "listSessions", "Your sessions, the last used first"));
  routes.back().description =
      "A session is begun by a request to /v1/chat/completions or /v1/messages that names one in `session_id` or in "
      "the header x-promethean-session; later ones send only what is new.";
  routes.back().response_schema = kSessionsAnswer;
  routes.back().handler = [&services](Context& ctx, http::Request& r) {
    return handle_list_sessions(services, ctx, r);
  };
  routes.push_back(session_route(Method::kGet, "/v1/sessions/{id}", "getSession", "A session with its messages"));
  routes.back().description = "To see what a session remembers. Only the credential that began it sees it.";
  routes.back().parameters = kSessionParameter;
  routes.back().response_schema = kSessionAnswer;
  routes.back().handler = [&services](Context& ctx, http::Request& r) { return handle_get_session(services, ctx, r); };
  routes.push_back(session_route(Method::kDelete, "/v1/sessions/{id}", "deleteSession", "Forget a session"));
  routes.back().description = "Its messages are gone for good; the next request that names it begins a new one.";
  routes.back().parameters = kSessionParameter;
  routes.back().response_schema = kSessionDeletedAnswer;
  routes.back().handler = [&services](Context& ctx, http::Request& r) {
    return handle_delete_session(services, ctx, r);
  };
  for (auto& route : routes) {
    if (auto added = router.add(std::move(route)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
