// The bridge's questions about names: definitions, uses, the outline of a file.
#include <algorithm>

#include "api/bridge.h"
#include "api/bridge_schemas.h"
#include "api/index_answer.h"
#include "api/symbol_json.h"
#include "base/strings.h"
#include "repo/views.h"
#include "search/outline.h"

namespace promethean::api {

namespace {

using search::Snapshot;

constexpr std::chrono::milliseconds kIndexPatience{60'000};

constexpr std::string_view kFindSchema = R"({
  "title": "SymbolsRequest", "type": "object", "required": ["query"],
  "properties": {
    "query": {"type": "string", "minLength": 1, "maxLength": 1024, "description": "The name, whole or in part."},
    "match": {"type": "string", "enum": ["exact", "prefix", "substring", "fuzzy", "best"],
      "description": "How loosely a name may fit; best: only the closest kind of fit that there is."},
    "kind": {"type": "string", "maxLength": 64, "description": "Only this kind: function, method, class and the like."},
    "path": {"type": "string", "maxLength": 4096, "description": "Only files whose path contains this."},
    "paths": {"type": "array", "maxItems": 64, "items": {"type": "string"},
      "description": "Directories, files or globs; one that begins with ! is left out."},
    "lang": {"type": "string", "maxLength": 64, "description": "Only files of this language."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 200},
    "comments": {"type": "boolean", "default": false, "description": "Also the first lines of each one's comment."}
  },
  "examples": [{"query": "main", "kind": "function"}]
})";

constexpr std::string_view kRefsSchema = R"({
  "title": "ReferencesRequest", "type": "object", "required": ["query"],
  "properties": {
    "query": {"type": "string", "minLength": 1, "maxLength": 1024, "description": "The name."},
    "path": {"type": "string", "maxLength": 4096, "description": "Only files whose path contains this."},
    "paths": {"type": "array", "maxItems": 64, "items": {"type": "string"},
      "description": "Directories, files or globs; one that begins with ! is left out."},
    "lang": {"type": "string", "maxLength": 64, "description": "Only files of this language."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 200},
    "context": {"type": "integer", "minimum": 0, "maximum": 50, "default": 0,
      "description": "How many lines before and after each place."}
  },
  "examples": [{"query": "main"}]
})";

constexpr std::string_view kIndexSchema = R"({
  "title": "SymbolsIndexRequest", "type": "object",
  "properties": {
    "paths": {"type": "array", "maxItems": 64, "items": {"type": "string"},
      "description": "Directories, files or globs; one that begins with ! is left out."},
    "exclude": {"type": "array", "maxItems": 64, "items": {"type": "string"}, "description": "Globs to leave out."}
  },
  "examples": [{"paths": ["src"]}]
})";

constexpr std::string_view kOutlineParameters = R"({
  "type": "object", "required": ["path"],
  "properties": {
    "path": {"type": "string", "minLength": 1, "maxLength": 4096, "examples": ["README.md"],
      "description": "The file, relative to the root."},
    "comments": {"type": "boolean", "default": false, "description": "Also the first lines of each one's comment."},
    "tier": {"type": "string", "enum": ["best", "scan"], "default": "best",
      "description": "scan: by our own scanner, without the language's grammar."}
  }
})";

std::string text_at(const json::Value& body, std::string_view key) {
  return std::string(json::string_at(body, key).value_or(""));
}

base::Result<search::SymbolFiles> files_of(const json::Value& body) {
  search::SymbolFiles files{.path_part = text_at(body, "path"), .paths = strings_at(body, "paths"), .language = {}};
  const std::string language = text_at(body, "lang");
  if (language.empty()) return files;
  files.language = search::parse_language(language);
  if (!files.language) {
    return base::bad_field("lang", "\"" + language + "\" is no language that is known here",
                           "use one of: " + search::language_names());
  }
  return files;
}

base::Result<std::string> name_of(const json::Value& body) {
  std::string name(base::trim(*json::string_at(body, "query")));
  if (name.empty()) return base::bad_field("query", "query holds no name");
  return name;
}

base::Result<search::SymbolQuery> query_of(const json::Value& body) {
  auto files = files_of(body);
  if (!files) return base::fail(std::move(files).error());
  auto name = name_of(body);
  if (!name) return base::fail(std::move(name).error());
  search::SymbolQuery query;
  query.name = std::move(*name);
  query.files = std::move(*files);
  query.textual_if_none = true;
  const std::string match = text_at(body, "match");
  query.loosest = search::parse_match(match).value_or(search::NameMatch::kSubstring);
  query.best_only = match == "best";
  query.fuzzy_if_none = match.empty() || query.best_only;
  query.limit = static_cast<size_t>(json::int_at(body, "limit").value_or(200));
  query.comments = json::bool_at(body, "comments").value_or(false);
  const std::string kind = text_at(body, "kind");
  query.kind = search::parse_definition_kind(kind);
  if (!kind.empty() && !query.kind) {
    return base::bad_field("kind", "\"" + kind + "\" is no kind of definition",
                           "use one of: " + search::definition_kinds());
  }
  return query;
}

Task<http::Response> handle_find(Services& services, Context& ctx, http::Request& request) {
  const auto query = query_of(request.json);
  if (!query) co_return bridge_error(query.error());
  const auto work = [&query](const Snapshot& snapshot, const async::StopFlag& stop) -> base::Result<json::Object> {
    return symbols_json(snapshot.find_symbols(*query, stop));
  };
  auto response = co_await answer(services, ctx, work);
  co_return response;
}

Task<http::Response> handle_refs(Services& services, Context& ctx, http::Request& request) {
  auto files = files_of(request.json);
  if (!files) co_return bridge_error(files.error());
  auto name = name_of(request.json);
  if (!name) co_return bridge_error(name.error());
  const search::ReferenceQuery query{.name = std::move(*name),
                                     .files = std::move(*files),
                                     .limit = static_cast<size_t>(json::int_at(request.json, "limit").value_or(200)),
                                     .context = static_cast<int>(json::int_at(request.json, "context").value_or(0))};
  const auto work = [&query](const Snapshot& snapshot, const async::StopFlag& stop) -> base::Result<json::Object> {
    return references_json(snapshot.find_references(query, stop));
  };
  auto response = co_await answer(services, ctx, work);
  co_return response;
}

// The index is always there: it is compared with the disk, and what the globs hold is counted.
Task<http::Response> handle_index(Services& services, Context& ctx, http::Request& request) {
  std::vector<std::string> paths = strings_at(request.json, "paths");
  for (const auto& glob : strings_at(request.json, "exclude")) paths.push_back("!" + glob);
  auto view = co_await services.index.fresh(ctx, kIndexPatience);
  if (!view) co_return bridge_error(view.error());
  const auto work = [&view, &paths]() -> base::Result<Snapshot::SymbolCount> {
    return view->snapshot->count_symbols(paths);
  };
  const auto count = co_await services.pool.run(ctx, work);
  if (!count) co_return bridge_error(count.error());
  json::Object body = bridge_head(*view);
  body["indexed"] = count->files;
  body["info"] = count->symbols;
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

Task<http::Response> handle_outline(Services& services, Context& ctx, http::Request& request) {
  std::string path(*json::string_at(request.arguments, "path"));
  const search::OutlineOptions options{.comments = json::bool_at(request.arguments, "comments").value_or(false),
                                       .scan_only = json::string_at(request.arguments, "tier") == "scan"};
  const auto stop = ctx.stop_flag();
  const auto work = [&services, &path, &options, stop]() -> base::Result<json::Object> {
    auto file = search::read_source(services.root, path);
    if (!file) return base::fail(std::move(file).error());
    return outline_json(file->path, search::outline_of(file->path, file->text, options, stop));
  };
  auto members = co_await services.pool.run(ctx, work);
  if (!members && is_missing(members.error())) {
    auto response = co_await no_such_file(services, ctx, std::move(path), members.error());
    co_return response;
  }
  if (!members) co_return bridge_error(members.error());
  json::Object body{{"ok", true}};
  for (auto& member : *members) body[member.key()] = std::move(member.value());
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

constexpr http::Method kPost = http::Method::kPost;

constexpr BridgeRoute kRoutes[] = {
    {.method = kPost,
     .path = "/symbols/find",
     .id = "findSymbols",
     .schema = kFindSchema,
     .handler = handle_find,
     .summary = "Find definitions by name",
     .description = "For the place where a function, class or method is defined. A qualified name (A::b) narrows it "
                    "down. Best matches first. Where no definition is known, tier is textual: the word's places.",
     .response = symbols_response,
     .for_actions = true},
    {.method = kPost,
     .path = "/symbols/refs",
     .id = "findReferences",
     .schema = kRefsSchema,
     .handler = handle_refs,
     .summary = "Find where a name is used",
     .description = "When you want to know who calls or uses something: every place where the name stands as a whole "
                    "word outside of its definitions, code first, then comments, strings and other files.",
     .response = references_response,
     .for_actions = true},
    {.method = http::Method::kGet,
     .path = "/symbols/outline",
     .id = "getOutline",
     .handler = handle_outline,
     .summary = "Show what a file defines",
     .description = "For an overview of one file before you read it: its definitions, nested, as it is on disk now.",
     .parameters = kOutlineParameters,
     .response = outline_response,
     .for_actions = true},
    {.method = kPost,
     .path = "/symbols/index",
     .id = "indexSymbols",
     .schema = kIndexSchema,
     .handler = handle_index,
     .summary = "Bring the definitions up to date",
     .description =
         "Never needed before a question: the index follows the files. Counts the files and definitions that "
         "`paths` hold.",
     .response = symbol_count_response},
};

}  // namespace

base::Result<void> add_symbol_routes(http::Router& router, Services& services) {
  return add_bridge(router, services, kRoutes, kAllPrefixes);
}

}  // namespace promethean::api
