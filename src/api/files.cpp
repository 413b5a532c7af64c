// Files of the repository as they are on disk now: directories, lines of a file, the places of a stack trace.
#include "api/bridge.h"
#include "base/strings.h"
#include "repo/listing.h"
#include "repo/views.h"
#include "search/paths.h"
#include "search/stacktrace.h"

namespace promethean::api {

namespace {

constexpr int64_t kMaxDepth = 64;
constexpr int64_t kMaxLine = 4'000'000'000;
constexpr int64_t kMaxContext = 10'000;
constexpr int64_t kDefaultContext = 25;  // lines on each side of the one that was asked for
constexpr size_t kMaxResolved = 2;       // files that the end of a path in a trace may mean

constexpr std::string_view kTraceSchema = R"({
  "type": "object",
  "anyOf": [{"required": ["text"]}, {"required": ["trace"]}],
  "properties": {
    "text": {"type": "string", "maxLength": 1048576},
    "trace": {"type": "string", "maxLength": 1048576},
    "context": {"type": "integer", "minimum": 0, "maximum": 10000}
  }
})";

// ---- directories ----

json::Object describe(const repo::Entry& entry) {
  json::Object out{{"name", entry.name.empty() ? std::string(".") : base::sanitize_utf8(entry.name)},
                   {"path", entry.path.empty() ? std::string(".") : base::sanitize_utf8(entry.path)},
                   {"type", repo::entry_type_name(entry.type)},
                   {"size", nullptr},
                   {"mtimeMs", entry.mtime_ms}};
  if (entry.type == repo::EntryType::kFile) out["size"] = entry.size;
  if (entry.link) out["link"] = true;
  return out;
}

// `depth` levels of children, with nothing below the last.
json::Object tree_of(const repo::Entry& entry, int64_t depth) {
  json::Object out = describe(entry);
  if (entry.type != repo::EntryType::kDirectory || depth == 0) return out;
  json::Array children;
  for (const auto& child : entry.children) children.emplace_back(tree_of(child, depth - 1));
  out["children"] = std::move(children);
  return out;
}

struct Wanted {
  std::string path;
  repo::ListOptions options;
  std::string type;  // "file", "dir" or "" for all
};

base::Result<Wanted> wanted_of(Services& services, const http::Request& request, std::string path, int64_t depth) {
  Wanted wanted;
  wanted.path = std::move(path);
  const auto hidden = bool_query(request, "hidden", false);
  if (!hidden) return base::fail(hidden.error());
  const auto levels = int_query(request, "depth", depth, 0, kMaxDepth);
  if (!levels) return base::fail(levels.error());
  wanted.type = request.query_param("type").value_or("");
  if (!wanted.type.empty() && wanted.type != "file" && wanted.type != "dir")
    return base::bad_field("type", "type is neither file nor dir");
  wanted.options.hidden = *hidden;
  wanted.options.depth = static_cast<int>(*levels);
  wanted.options.exclude_globs = services.index.options().exclude_globs;
  return wanted;
}

Task<base::Result<repo::Listing>> list(Services& services, Context& ctx, const Wanted& wanted) {
  const auto stop = ctx.stop_flag();
  const auto work = [&services, &wanted, stop] {
    return repo::list_directory(services.root, wanted.path, wanted.options, stop);
  };
  auto listing = co_await services.pool.run(ctx, work);
  co_return listing;
}

void add_counts(json::Object& body, const repo::Listing& listing) {
  body["ignored"] = listing.ignored;
  body["truncated"] = listing.truncated;
}

void append_entries(const repo::Entry& directory, std::string_view type, json::Array& out) {
  for (const auto& child : directory.children) {
    if (type.empty() || repo::entry_type_name(child.type) == type) out.emplace_back(describe(child));
    append_entries(child, type, out);
  }
}

http::Response entries_response(const repo::Listing& listing, std::string_view type) {
  json::Array entries;
  append_entries(listing.directory, type, entries);
  json::Object body{{"ok", true}, {"base", describe(listing.directory).at("path")}, {"entries", std::move(entries)}};
  add_counts(body, listing);
  const json::Value whole(std::move(body));
  return http::Response::json(200, whole);
}

http::Response tree_response(const repo::Listing& listing, int64_t depth) {
  json::Object body{
      {"ok", true}, {"base", describe(listing.directory).at("path")}, {"tree", tree_of(listing.directory, depth)}};
  add_counts(body, listing);
  const json::Value whole(std::move(body));
  return http::Response::json(200, whole);
}

// Whatever is wrong with the path of a directory is the caller's: the original answers 400.
http::Response directory_error(const base::Error& error) {
  if (!is_missing(error)) return bridge_error(error);
  return bridge_error(base::bad_field("path", error.message(), error.hint()).error());
}

Task<http::Response> handle_list(Services& services, Context& ctx, http::Request& request) {
  auto path = text_query(request, "path", ".");
  if (!path) co_return bridge_error(path.error());
  auto wanted = wanted_of(services, request, std::move(*path), 1);
  if (!wanted) co_return bridge_error(wanted.error());
  wanted->options.depth = 1;
  const auto listing = co_await list(services, ctx, *wanted);
  if (!listing) co_return directory_error(listing.error());
  co_return entries_response(*listing, wanted->type);
}

Task<http::Response> handle_tree(Services& services, Context& ctx, http::Request& request) {
  auto path = text_query(request, "path", ".");
  if (!path) co_return bridge_error(path.error());
  const auto wanted = wanted_of(services, request, std::move(*path), 1);
  if (!wanted) co_return bridge_error(wanted.error());
  const auto listing = co_await list(services, ctx, *wanted);
  if (!listing) co_return directory_error(listing.error());
  co_return tree_response(*listing, wanted->options.depth);
}

// ---- lines ----

// Ends of lines as LF, and none after the last: what the original's clients are used to.
std::string snippet_of(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out.push_back(text[i]);
  }
  if (out.ends_with('\n')) out.pop_back();
  return base::sanitize_utf8(out);
}

void add_window(json::Object& out, const repo::Window& window) {
  out["totalLines"] = window.view.total_lines;
  out["startLine"] = window.view.start_line;
  out["endLine"] = window.view.end_line;
  out["focusLine"] = window.focus_line;
  out["snippet"] = snippet_of(window.view.text);
  out["hash"] = window.view.hash8;
}

Task<http::Response> view(Services& services, Context& ctx, const http::Request& request, std::string path) {
  const auto line = int_query(request, "line", 1, 1, kMaxLine);
  if (!line) co_return bridge_error(line.error());
  const auto context = int_query(request, "context", kDefaultContext, 0, kMaxContext);
  if (!context) co_return bridge_error(context.error());
  const auto work = [&services, &path, &line, &context] {
    return repo::read_window(services.root, path, static_cast<uint32_t>(*line), static_cast<uint32_t>(*context));
  };
  const auto window = co_await services.pool.run(ctx, work);
  if (!window && is_missing(window.error())) {
    auto response = co_await no_such_file(services, ctx, std::move(path), window.error());
    co_return response;
  }
  if (!window) co_return bridge_error(window.error());
  json::Object body{{"ok", true}, {"path", base::sanitize_utf8(window->view.path)}};
  add_window(body, *window);
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

Task<http::Response> handle_view(Services& services, Context& ctx, http::Request& request) {
  auto path = text_query(request, "path", "");
  if (!path) co_return bridge_error(path.error());
  if (path->empty()) co_return bridge_error(base::bad_field("path", "path is missing").error());
  auto response = co_await view(services, ctx, request, std::move(*path));
  co_return response;
}

// ---- /v1/files: a file's lines, or a directory ----

Task<http::Response> handle_files(Services& services, Context& ctx, http::Request& request) {
  std::string path(request.param("path"));
  if (path.empty()) {
    auto asked = text_query(request, "path", ".");
    if (!asked) co_return bridge_error(asked.error());
    path = std::move(*asked);
  }
  const auto as_tree = bool_query(request, "tree", false);
  if (!as_tree) co_return bridge_error(as_tree.error());
  auto wanted = wanted_of(services, request, path, 2);
  if (!wanted) co_return bridge_error(wanted.error());
  const auto listing = co_await list(services, ctx, *wanted);
  if (listing)
    co_return *as_tree ? tree_response(*listing, wanted->options.depth) : entries_response(*listing, wanted->type);
  if (!is_missing(listing.error())) co_return bridge_error(listing.error());
  auto response = co_await view(services, ctx, request, std::move(path));
  co_return response;
}

// ---- stack traces ----

// The part of a path that is below the root: of "/root/src/a.c" the "src/a.c".
std::string below_root(const base::RootDir& root, const std::string& path) {
  return path.starts_with(root.path() + "/") ? path.substr(root.path().size() + 1) : path;
}

std::optional<repo::Window> find_frame(Services& services, const search::Snapshot& snapshot, const search::Frame& frame,
                                       uint32_t context) {
  const std::string path = below_root(services.root, frame.path);
  const auto line = static_cast<uint32_t>(frame.line);
  if (!path.starts_with('/')) {
    if (auto window = repo::read_window(services.root, path, line, context)) return *window;
  }
  const auto paths = search::resolve_path(snapshot, path, kMaxResolved);
  if (paths.empty()) return std::nullopt;
  auto window = repo::read_window(services.root, paths.front(), line, context);
  return window ? std::optional(std::move(*window)) : std::nullopt;
}

Task<http::Response> handle_locate(Services& services, Context& ctx, http::Request& request) {
  const auto given = json::string_at(request.json, "text");
  const std::string text(given ? *given : *json::string_at(request.json, "trace"));
  const auto context = static_cast<uint32_t>(json::int_at(request.json, "context").value_or(kDefaultContext));
  auto view = co_await services.index.fresh(ctx, kBridgePatience);
  if (!view) co_return bridge_error(view.error());
  const auto stop = ctx.stop_flag();
  const auto work = [&services, &view, &text, context, stop]() -> base::Result<json::Array> {
    json::Array results;
    for (const auto& frame : search::parse_stacktrace(text)) {
      if (stop.stopped()) break;
      json::Object item{{"path", frame.path}, {"line", frame.line}, {"column", nullptr}};
      if (frame.column > 0) item["column"] = frame.column;
      if (!frame.function.empty()) item["function"] = frame.function;
      const auto window = find_frame(services, *view->snapshot, frame, context);
      item["resolved"] = window.has_value();
      if (window) {
        item["relPath"] = base::sanitize_utf8(window->view.path);
        add_window(item, *window);
      }
      results.emplace_back(std::move(item));
    }
    return results;
  };
  auto results = co_await services.pool.run(ctx, work);
  if (!results) co_return bridge_error(results.error());
  json::Object body = bridge_head(*view);
  body["results"] = std::move(*results);
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

constexpr http::Method kGet = http::Method::kGet;

constexpr BridgeRoute kRoutes[] = {
    {kGet, "/files/list", "listFiles", "", handle_list, "List one directory",
     "Names, sizes and times of what a directory holds now. Ignored files are left out and counted."},
    {kGet, "/files/tree", "getFileTree", "", handle_tree, "Show directories as a tree",
     "A directory and what is below it, `depth` levels deep. For an overview before you open files."},
    {kGet, "/files/view", "viewFile", "", handle_view, "Read lines of a file",
     "For a file whose path you know: `line` and `context` lines around it, as they are on disk now. A wrong path is "
     "404 "
     "with candidates, never another file."},
    {http::Method::kPost, "/stacktrace/locate", "locateStacktrace", kTraceSchema, handle_locate,
     "Find the places of a stack trace",
     "For pasted errors and traces of any language: each frame with the lines around it. `resolved` is false for "
     "frames "
     "that are not of this repository."},
};

constexpr BridgeRoute kConsolidated[] = {
    {kGet, "/files", "getFiles", "", handle_files, "List a directory or read a file",
     "`path` names it. A directory gives its entries (`tree=true`: nested), a file the lines around `line`."},
    {kGet, "/files/{path*}", "getFile", "", handle_files, "List a directory or read a file by its path in the URL", ""},
};

}  // namespace

base::Result<void> add_file_routes(http::Router& router, Services& services) {
  if (auto added = add_bridge(router, services, kRoutes, kAllPrefixes); !added) return added;
  return add_bridge(router, services, kConsolidated, kOnlyV1);
}

}  // namespace promethean::api
