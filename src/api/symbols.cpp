// The bridge's questions about definitions.
#include "api/bridge.h"
#include "api/bridge_schemas.h"
#include "api/index_answer.h"
#include "base/strings.h"

namespace promethean::api {

namespace {

using search::Snapshot;

constexpr std::string_view kSymbolsSchema = R"({
  "title": "SymbolsRequest", "type": "object", "required": ["query"],
  "properties": {
    "query": {"type": "string", "minLength": 1, "maxLength": 1024, "description": "The name, whole or in part."},
    "kind": {"type": "string", "description": "Only this kind: function, method, class and the like."},
    "path": {"type": "string", "description": "Only files whose path contains this."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 200}
  },
  "examples": [{"query": "main", "kind": "function"}]
})";

json::Object to_json(const search::Symbol& symbol) {
  return {{"path", symbol.path},
          {"name", symbol.name},
          {"kind", symbol.kind},
          {"scope", symbol.scope},
          {"startLine", symbol.start_line},
          {"endLine", symbol.end_line},
          {"signature", symbol.signature}};
}

Task<http::Response> handle_symbols(Services& services, Context& ctx, http::Request& request) {
  const std::string name(*json::string_at(request.json, "query"));
  const std::string kind(json::string_at(request.json, "kind").value_or(""));
  const std::string path(json::string_at(request.json, "path").value_or(""));
  const auto limit = static_cast<size_t>(json::int_at(request.json, "limit").value_or(200));
  const auto work = [&name, &kind, &path, limit](const Snapshot& snapshot,
                                                 const async::StopFlag&) -> base::Result<json::Object> {
    json::Array results;
    const bool filtered = !kind.empty() || !path.empty();
    for (const auto& symbol : snapshot.find_symbols(name, filtered ? 10'000 : limit)) {
      if (results.size() >= limit) break;
      const bool wanted = (kind.empty() || symbol.kind == kind) && symbol.path.find(path) != std::string::npos;
      if (wanted) results.emplace_back(to_json(symbol));
    }
    return json::Object{{"results", std::move(results)}};
  };
  auto response = co_await answer(services, ctx, work);
  co_return response;
}

constexpr BridgeRoute kRoutes[] = {
    {.method = http::Method::kPost,
     .path = "/symbols/find",
     .id = "findSymbols",
     .schema = kSymbolsSchema,
     .handler = handle_symbols,
     .summary = "Find definitions by name",
     .description =
         "For the place where a function, class or method is defined. A qualified name (A::b) narrows it down.",
     .response = symbols_response,
     .for_actions = true},
};

}  // namespace

base::Result<void> add_symbol_routes(http::Router& router, Services& services) {
  return add_bridge(router, services, kRoutes, kAllPrefixes);
}

}  // namespace promethean::api
