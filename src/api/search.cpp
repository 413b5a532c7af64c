// The bridge's questions to the index: search, symbols, its state; grep is in grep.cpp. Every answer says which state
// of the tree it is about (generation, asOf), and what keeps it from being newer, if anything.
#include <fmt/format.h>

#include "api/bridge.h"
#include "api/bridge_index.h"
#include "base/strings.h"

namespace promethean::api {

namespace {

using search::Snapshot;

// `query`, or `q` as the original calls it.
constexpr std::string_view kSearchSchema = R"({
  "type": "object",
  "anyOf": [{"required": ["query"]}, {"required": ["q"]}],
  "properties": {
    "query": {"type": "string", "minLength": 1, "maxLength": 16384},
    "q": {"type": "string", "minLength": 1, "maxLength": 16384},
    "n": {"type": "integer", "minimum": 1, "maximum": 1000},
    "kind": {"enum": ["all", "code", "docs", "tests"]},
    "paths": {"type": "array", "maxItems": 64, "items": {"type": "string"}}
  }
})";

constexpr std::string_view kSymbolsSchema = R"({
  "type": "object", "required": ["query"],
  "properties": {
    "query": {"type": "string", "minLength": 1, "maxLength": 1024},
    "kind": {"type": "string"},
    "path": {"type": "string"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 10000}
  }
})";

json::Object to_json(const search::Hit& hit) {
  return {{"id", fmt::format("{}#{}", hit.path, hit.chunk)},
          {"path", hit.path},
          {"chunkIndex", hit.chunk},
          {"startLine", hit.start_line},
          {"endLine", hit.end_line},
          {"score", hit.score},
          {"symbol", hit.symbol},
          {"signature", hit.signature},
          {"text", base::sanitize_utf8(hit.text)}};
}

json::Object to_json(const search::Symbol& symbol) {
  return {{"path", symbol.path},
          {"name", symbol.name},
          {"kind", symbol.kind},
          {"scope", symbol.scope},
          {"startLine", symbol.start_line},
          {"endLine", symbol.end_line},
          {"signature", symbol.signature}};
}

Task<http::Response> handle_search(Services& services, Context& ctx, http::Request& request) {
  const auto given = json::string_at(request.json, "query");
  const std::string query(given ? *given : *json::string_at(request.json, "q"));
  search::SearchOptions options;
  options.limit = static_cast<size_t>(json::int_at(request.json, "n").value_or(10));
  options.kind = kind_at(request.json);
  options.paths = strings_at(request.json, "paths");
  const auto work = [&query, &options](const Snapshot& snapshot,
                                       const async::StopFlag& stop) -> base::Result<json::Object> {
    json::Array results;
    for (const auto& hit : snapshot.search(query, options, stop)) results.emplace_back(to_json(hit));
    return json::Object{{"results", std::move(results)}};
  };
  auto response = co_await answer_from_index(services, ctx, kBridgePatience, work);
  co_return response;
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
  auto response = co_await answer_from_index(services, ctx, kBridgePatience, work);
  co_return response;
}

Task<http::Response> handle_status(Services& services, Context&, http::Request&) {
  const auto snapshot = services.index.snapshot();
  const auto& status = snapshot->status();
  const auto state = services.index.state();
  json::Object left_out;
  for (const auto& [reason, count] : status.left_out) left_out[reason] = count;
  json::Object body{{"ok", true},
                    {"ready", state.ready},
                    {"updating", state.updating},
                    {"root", services.index.options().root},
                    {"generation", status.generation},
                    {"asOf", base::iso8601(status.as_of)},
                    {"files", status.files},
                    {"bytes", status.bytes},
                    {"chunks", status.chunks},
                    {"symbols", status.symbols},
                    {"leftOut", std::move(left_out)}};
  if (state.updating)
    body["progress"] =
        json::Object{{"stage", state.progress.stage}, {"done", state.progress.done}, {"total", state.progress.total}};
  if (!state.last_error.empty()) body["lastError"] = state.last_error;
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

constexpr http::Method kPost = http::Method::kPost;

constexpr BridgeRoute kRoutes[] = {
    {kPost, "/search", "search", kSearchSchema, handle_search, "Rank places in the repository for a question",
     "For words and questions. When you know an exact name or string, use symbols/find or grep instead: they miss "
     "nothing."},
    {kPost, "/symbols/find", "findSymbols", kSymbolsSchema, handle_symbols, "Find definitions by name",
     "For the place where a function, class or method is defined. A qualified name (A::b) narrows it down."},
    {http::Method::kGet, "/indexer/status", "getIndexStatus", "", handle_status,
     "What the index covers and what it leaves out", ""},
};

// The names that the consolidated form has for the same.
constexpr BridgeRoute kConsolidated[] = {
    {kPost, "/search/semantic", "searchSemantic", kSearchSchema, handle_search, "Rank places for a question", ""},
};

}  // namespace

base::Result<void> add_search_routes(http::Router& router, Services& services) {
  if (auto added = add_bridge(router, services, kRoutes, kAllPrefixes); !added) return added;
  if (auto added = add_grep_routes(router, services); !added) return added;
  return add_bridge(router, services, kConsolidated, kOnlyV1);
}

}  // namespace promethean::api
