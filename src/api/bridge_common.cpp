#include "api/bridge.h"
#include "base/clock.h"
#include "base/strings.h"
#include "search/paths.h"

namespace promethean::api {

namespace {

constexpr size_t kCandidates = 10;  // paths that may have been meant

std::string id_under(std::string_view prefix, std::string_view id) {
  if (prefix == "/v1") return std::string(id);
  return std::string(id) + (prefix.empty() ? "Root" : "V0");
}

http::Route make_route(Services& services, const BridgeRoute& entry, std::string_view prefix) {
  http::Route route;
  route.method = entry.method;
  route.path = std::string(prefix) + std::string(entry.path);
  route.operation_id = id_under(prefix, entry.id);
  route.scope = entry.scope;
  route.limits.deadline = entry.deadline;
  route.summary = entry.summary;
  route.description = entry.description;
  route.group = prefix == "/v1" ? entry.group : kOriginalPaths;
  route.parameters = entry.parameters;
  route.request_schema = entry.schema;
  route.body_optional = entry.body_optional;
  if (entry.response != nullptr) route.response_schema = entry.response();
  route.for_actions = entry.for_actions && prefix == "/v1";
  route.handler = [&services, handler = entry.handler](Context& ctx, http::Request& request) {
    return handler(services, ctx, request);
  };
  return route;
}

}  // namespace

base::Result<void> add_bridge(http::Router& router, Services& services, std::span<const BridgeRoute> routes,
                              std::span<const std::string_view> prefixes) {
  for (const BridgeRoute& entry : routes) {
    for (const std::string_view prefix : prefixes) {
      if (auto added = router.add(make_route(services, entry, prefix)); !added) return added;
    }
  }
  return {};
}

http::Response bridge_error(const base::Error& error) {
  return http::error_response(http::Family::kBridge, error);
}

bool is_missing(const base::Error& error) {
  return error.code() == base::Code::kNotFound || error.code() == base::Code::kPermissionDenied;
}

Task<http::Response> no_such_file(Services& services, Context& ctx, std::string path, base::Error error) {
  const auto snapshot = services.index.snapshot();
  const auto work = [&snapshot, &path]() -> base::Result<std::vector<search::PathCandidate>> {
    return search::similar_paths(*snapshot, path, kCandidates);
  };
  const auto similar = co_await services.pool.run(ctx, work);
  json::Array candidates;
  if (similar) {
    for (const auto& candidate : *similar)
      candidates.emplace_back(json::Object{{"path", base::sanitize_utf8(candidate.path)}, {"score", candidate.score}});
  }
  const base::Error missing(base::Code::kNotFound, error.message(), error.hint());
  json::Value body = http::error_body(http::Family::kBridge, missing.with_field("path"));
  body.as_object()["candidates"] = std::move(candidates);
  co_return http::Response::json(404, body);
}

json::Object bridge_head(const search::LiveIndex::View& view) {
  json::Object out{{"ok", true},
                   {"generation", view.snapshot->status().generation},
                   {"as_of", base::iso8601(view.as_of)},
                   {"pending", view.pending}};
  if (!view.stale.empty()) out["stale"] = view.stale;
  return out;
}

std::vector<std::string> strings_at(const json::Value& body, std::string_view key) {
  std::vector<std::string> out;
  if (const auto text = json::string_at(body, key)) out.emplace_back(*text);
  if (const json::Array* list = json::array_at(body, key)) {
    for (const auto& item : *list) out.emplace_back(item.as_string());
  }
  return out;
}

search::Kind kind_at(const json::Value& body) {
  return search::parse_kind(json::string_at(body, "kind").value_or("all")).value_or(search::Kind::kAll);
}

}  // namespace promethean::api
