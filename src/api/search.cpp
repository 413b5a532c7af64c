// The bridge's questions to the index: search, grep (definitions are in symbols.cpp). Every answer says which state of
// the tree it is about (generation, as_of), and what keeps it from being newer, if anything.
#include <fmt/format.h>

#include "api/bridge.h"
#include "api/bridge_schemas.h"
#include "api/index_answer.h"
#include "base/strings.h"

namespace promethean::api {

namespace {

using search::Snapshot;

constexpr int64_t kMaxContext = 200;
constexpr int64_t kMaxMatches = 100'000;

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

constexpr std::string_view kGrepSchema = R"({
  "title": "GrepRequest", "type": "object", "required": ["pattern"],
  "properties": {
    "pattern": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "A regular expression of RE2."},
    "flags": {"type": "string", "maxLength": 16, "description": "`i` ignores case; other letters mean nothing."},
    "paths": {"type": "array", "maxItems": 64, "items": {"type": "string"},
      "description": "Only beneath these paths; globs too."},
    "maxMatches": {"type": "integer", "default": 200, "description": "The most lines of all files together."},
    "context": {"type": "integer", "minimum": 0, "default": 2, "description": "Lines before and after each match."},
    "word": {"type": "boolean", "description": "Whole words only."},
    "multiline": {"type": "boolean", "description": "The pattern may match over several lines."},
    "fixed": {"type": "boolean", "description": "The pattern is text, not an expression."},
    "hidden": {"type": "boolean", "description": "Also files that begin with a dot."},
    "mode": {"enum": ["lines", "files", "count"], "default": "lines",
      "description": "Lines, or only the files, or the files with the number of matches."},
    "first": {"type": "integer", "minimum": 0, "description": "Stop after so many matches; 0: do not."},
    "kind": {"enum": ["all", "code", "docs", "tests"], "default": "all"}
  },
  "examples": [{"pattern": "class \\w+Error", "paths": ["src"], "maxMatches": 20}]
})";

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
    {.method = kPost,
     .path = "/grep",
     .id = "grep",
     .schema = kGrepSchema,
     .handler = handle_grep,
     .summary = "Find all lines that match a regular expression",
     .description =
         "Exact and complete: for literal strings, names and patterns. `truncated` says when maxMatches cut the list.",
     .response = grep_response,
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
    {.method = kPost,
     .path = "/search/code",
     .id = "searchCode",
     .schema = kGrepSchema,
     .handler = handle_grep,
     .summary = "Find lines by a regular expression",
     .description = "The same as /v1/grep, under the name that the original had for it.",
     .response = grep_response},
};

}  // namespace

base::Result<void> add_search_routes(http::Router& router, Services& services) {
  if (auto added = add_bridge(router, services, kRoutes, kAllPrefixes); !added) return added;
  return add_bridge(router, services, kConsolidated, kOnlyV1);
}

}  // namespace promethean::api
