// The bridge's ranked search (grep.cpp has the exact one, symbols.cpp the definitions).
#include <fmt/format.h>

#include "api/bridge.h"
#include "api/bridge_schemas.h"
#include "api/index_answer.h"
#include "base/strings.h"

namespace promethean::api {

namespace {

using search::Snapshot;

// `query`, or `q` as the original calls it.
constexpr std::string_view kSearchSchema = R"({
  "title": "SearchRequest", "type": "object",
  "anyOf": [{"required": ["query"]}, {"required": ["q"]}],
  "properties": {
    "query": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "A question, or words."},
    "q": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "The older name of `query`."},
    "n": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10, "description": "How many results."},
    "kind": {"enum": ["all", "code", "docs", "tests"], "default": "all"},
    "paths": {"type": "array", "maxItems": 64, "items": {"type": "string"},
      "description": "Only beneath these paths; globs too."}
  },
  "examples": [{"query": "where is the configuration read", "n": 5}]
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
  auto response = co_await answer(services, ctx, work);
  co_return response;
}

constexpr http::Method kPost = http::Method::kPost;

constexpr BridgeRoute kRoutes[] = {
    {.method = kPost,
     .path = "/search",
     .id = "search",
     .schema = kSearchSchema,
     .handler = handle_search,
     .summary = "Rank places in the repository for a question",
     .description =
         "For words and questions, when you do not know where to look. When you know an exact name or string, "
         "use symbols/find or grep instead: they miss nothing; for a file that you can name, files/view.",
     .response = search_response,
     .for_actions = true},
};

// The names that the consolidated form has for the same.
constexpr BridgeRoute kConsolidated[] = {
    {.method = kPost,
     .path = "/search/semantic",
     .id = "searchSemantic",
     .schema = kSearchSchema,
     .handler = handle_search,
     .summary = "Rank places for a question",
     .description = "The same as /v1/search, under the name that the original had for it.",
     .response = search_response},
};

}  // namespace

base::Result<void> add_search_routes(http::Router& router, Services& services) {
  if (auto added = add_bridge(router, services, kRoutes, kAllPrefixes); !added) return added;
  return add_bridge(router, services, kConsolidated, kOnlyV1);
}

}  // namespace promethean::api
