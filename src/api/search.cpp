// The bridge's exact questions: search, grep, symbols. Every answer says which state of the tree it is about
// (generation, as_of), and what keeps it from being newer, if anything.
#include <fmt/format.h>

#include "api/bridge.h"
#include "base/strings.h"

namespace promethean::api {

namespace {

using search::Snapshot;

constexpr int64_t kMaxContext = 200;
constexpr int64_t kMaxMatches = 100'000;

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

constexpr std::string_view kGrepSchema = R"({
  "type": "object", "required": ["pattern"],
  "properties": {
    "pattern": {"type": "string", "minLength": 1, "maxLength": 16384},
    "flags": {"type": "string", "maxLength": 16},
    "paths": {"type": "array", "maxItems": 64, "items": {"type": "string"}},
    "maxMatches": {"type": "integer"},
    "context": {"type": "integer", "minimum": 0},
    "word": {"type": "boolean"},
    "multiline": {"type": "boolean"},
    "fixed": {"type": "boolean"},
    "hidden": {"type": "boolean"},
    "mode": {"enum": ["lines", "files", "count"]},
    "first": {"type": "integer", "minimum": 0},
    "kind": {"enum": ["all", "code", "docs", "tests"]}
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

std::vector<std::string> strings_at(const json::Value& body, std::string_view key) {
  std::vector<std::string> out;
  if (const json::Array* list = json::array_at(body, key)) {
    for (const auto& item : *list) out.emplace_back(item.as_string());
  }
  return out;
}

search::Kind kind_at(const json::Value& body) {
  return search::parse_kind(json::string_at(body, "kind").value_or("all")).value_or(search::Kind::kAll);
}

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

json::Object to_json(const search::GrepMatch& match) {
  return {{"path", match.path},
          {"line", match.line},
          {"column", match.column},
          {"lineText", base::sanitize_utf8(match.text)},
          {"snippet", base::sanitize_utf8(match.snippet)},
          {"startLine", match.start_line},
          {"endLine", match.end_line}};
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

// One line a file or a count a file, as `mode` asks.
json::Array by_file(const std::vector<search::GrepMatch>& matches, bool with_counts) {
  json::Array out;
  for (size_t i = 0; i < matches.size();) {
    size_t end = i;
    while (end < matches.size() && matches[end].path == matches[i].path) ++end;
    json::Object entry{{"path", matches[i].path}};
    if (with_counts) entry["count"] = end - i;
    out.emplace_back(std::move(entry));
    i = end;
  }
  return out;
}

search::GrepOptions grep_options(const json::Value& body) {
  search::GrepOptions options;
  options.ignore_case = json::string_at(body, "flags").value_or("").find('i') != std::string_view::npos;
  options.word = json::bool_at(body, "word").value_or(false);
  options.multiline = json::bool_at(body, "multiline").value_or(false);
  options.fixed = json::bool_at(body, "fixed").value_or(false);
  options.hidden = json::bool_at(body, "hidden").value_or(false);
  options.context = static_cast<int>(std::min(json::int_at(body, "context").value_or(2), kMaxContext));
  options.max_matches =
      static_cast<size_t>(std::clamp<int64_t>(json::int_at(body, "maxMatches").value_or(200), 0, kMaxMatches));
  if (const int64_t first = json::int_at(body, "first").value_or(0); first > 0) {
    options.max_matches = std::min(options.max_matches, static_cast<size_t>(first));
  }
  options.kind = kind_at(body);
  options.paths = strings_at(body, "paths");
  return options;
}

// Takes a fresh view and runs `work(snapshot, stop)` on the pool; `work` gives the members that join the answer's head.
template <class Work>
Task<http::Response> answer(Services& services, Context& ctx, Work work) {
  auto view = co_await services.index.fresh(ctx, kBridgePatience);
  if (!view) co_return bridge_error(view.error());
  const auto stop = ctx.stop_flag();
  const auto job = [&work, &view, stop]() -> base::Result<json::Object> { return work(*view->snapshot, stop); };
  auto members = co_await services.pool.run(ctx, job);
  if (!members) co_return bridge_error(members.error());
  json::Object body = bridge_head(*view);
  for (auto& member : *members) body[member.key()] = std::move(member.value());
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
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

Task<http::Response> handle_grep(Services& services, Context& ctx, http::Request& request) {
  const std::string pattern(*json::string_at(request.json, "pattern"));
  const std::string mode(json::string_at(request.json, "mode").value_or("lines"));
  search::GrepOptions options = grep_options(request.json);
  const auto work = [&pattern, &options, &mode](const Snapshot& snapshot,
                                                const async::StopFlag& stop) -> base::Result<json::Object> {
    auto found = snapshot.grep(pattern, options, stop);
    if (!found) return base::fail(std::move(found).error());
    json::Array results;
    if (mode == "lines") {
      for (const auto& match : found->matches) results.emplace_back(to_json(match));
    } else {
      results = by_file(found->matches, mode == "count");
    }
    return json::Object{{"results", std::move(results)},
                        {"total", found->total},
                        {"truncated", found->truncated},
                        {"filesSearched", found->files_searched}};
  };
  auto response = co_await answer(services, ctx, work);
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
  auto response = co_await answer(services, ctx, work);
  co_return response;
}

constexpr http::Method kPost = http::Method::kPost;

constexpr BridgeRoute kRoutes[] = {
    {kPost, "/search", "search", kSearchSchema, handle_search, "Rank places in the repository for a question",
     "For words and questions. When you know an exact name or string, use symbols/find or grep instead: they miss "
     "nothing."},
    {kPost, "/grep", "grep", kGrepSchema, handle_grep, "Find all lines that match a regular expression",
     "Exact and complete: for literal strings, names and patterns. `truncated` says when maxMatches cut the list."},
    {kPost, "/symbols/find", "findSymbols", kSymbolsSchema, handle_symbols, "Find definitions by name",
     "For the place where a function, class or method is defined. A qualified name (A::b) narrows it down."},
};

// The names that the consolidated form has for the same.
constexpr BridgeRoute kConsolidated[] = {
    {kPost, "/search/semantic", "searchSemantic", kSearchSchema, handle_search, "Rank places for a question", ""},
    {kPost, "/search/code", "searchCode", kGrepSchema, handle_grep, "Find lines by a regular expression", ""},
};

}  // namespace

base::Result<void> add_search_routes(http::Router& router, Services& services) {
  if (auto added = add_bridge(router, services, kRoutes, kAllPrefixes); !added) return added;
  return add_bridge(router, services, kConsolidated, kOnlyV1);
}

}  // namespace promethean::api
