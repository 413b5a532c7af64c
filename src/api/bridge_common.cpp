#include "api/bridge.h"
#include "base/strings.h"

namespace promethean::api {

namespace {

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
  route.request_schema = entry.schema;
  route.summary = entry.summary;
  route.description = entry.description;
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

json::Object bridge_head(const search::LiveIndex::View& view) {
  json::Object out{{"ok", true},
                   {"generation", view.snapshot->status().generation},
                   {"as_of", base::iso8601(view.as_of)},
                   {"pending", view.pending}};
  if (!view.stale.empty()) out["stale"] = view.stale;
  return out;
}

base::Result<std::string> text_query(const http::Request& request, std::string_view name, std::string fallback) {
  if (auto text = request.query_param(name)) return std::move(*text);
  const std::string key = std::string(name) + "=";
  const bool there = request.query.starts_with(key) || request.query.find("&" + key) != std::string::npos;
  if (there) return base::bad_field(std::string(name), std::string(name) + " is not properly encoded UTF-8");
  return fallback;
}

base::Result<int64_t> int_query(const http::Request& request, std::string_view name, int64_t fallback, int64_t least,
                                int64_t most) {
  const auto text = request.query_param(name);
  if (!text || text->empty()) return fallback;
  const auto number = base::parse_int(*text);
  if (!number || *number < least || *number > most) {
    return base::bad_field(std::string(name), std::string(name) + " is no number from " + std::to_string(least) +
                                                  " to " + std::to_string(most));
  }
  return *number;
}

base::Result<bool> bool_query(const http::Request& request, std::string_view name, bool fallback) {
  const auto text = request.query_param(name);
  if (!text) return fallback;
  if (text->empty() || *text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return base::bad_field(std::string(name), std::string(name) + " is neither true nor false");
}

}  // namespace promethean::api
