// Files of the repository as they are on disk now: directories, lines of a file, the places of a stack trace.
#include "api/bridge.h"
#include "api/bridge_schemas.h"
#include "api/file_parameters.h"
#include "base/strings.h"
#include "repo/listing.h"
#include "repo/views.h"
#include "search/paths.h"
#include "search/stacktrace.h"

namespace promethean::api {

namespace {

constexpr int64_t kDefaultContext = 25;  // lines on each side of the one that was asked for
constexpr size_t kMaxResolved = 2;       // files that the end of a path in a trace may mean

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

Wanted wanted_of(Services& services, const http::Request& request) {
  Wanted wanted;
  wanted.path = *json::string_at(request.arguments, "path");
  wanted.type = json::string_at(request.arguments, "type").value_or("");
  wanted.options.hidden = json::bool_at(request.arguments, "hidden").value_or(false);
  wanted.options.depth = static_cast<int>(json::int_at(request.arguments, "depth").value_or(1));
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
  const Wanted wanted = wanted_of(services, request);
  const auto listing = co_await list(services, ctx, wanted);
  if (!listing) co_return directory_error(listing.error());
  co_return entries_response(*listing, wanted.type);
}

Task<http::Response> handle_tree(Services& services, Context& ctx, http::Request& request) {
  const Wanted wanted = wanted_of(services, request);
  const auto listing = co_await list(services, ctx, wanted);
  if (!listing) co_return directory_error(listing.error());
  co_return tree_response(*listing, wanted.options.depth);
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

Task<http::Response> handle_view(Services& services, Context& ctx, http::Request& request) {
  std::string path(*json::string_at(request.arguments, "path"));
  const auto line = static_cast<uint32_t>(*json::int_at(request.arguments, "line"));
  const auto context = static_cast<uint32_t>(*json::int_at(request.arguments, "context"));
  const auto work = [&services, &path, line, context] { return repo::read_window(services.root, path, line, context); };
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

// ---- /v1/files: a file's lines, or a directory ----

Task<http::Response> handle_files(Services& services, Context& ctx, http::Request& request) {
  const Wanted wanted = wanted_of(services, request);
  const bool as_tree = *json::bool_at(request.arguments, "tree");
  const auto listing = co_await list(services, ctx, wanted);
  if (listing)
    co_return as_tree ? tree_response(*listing, wanted.options.depth) : entries_response(*listing, wanted.type);
  if (!is_missing(listing.error())) co_return bridge_error(listing.error());
  auto response = co_await handle_view(services, ctx, request);
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
    {.method = kGet,
     .path = "/files/list",
     .id = "listFiles",
     .handler = handle_list,
     .summary = "List one directory",
     .description = "To see what a directory holds now, with sizes and times. For more than one level use the tree. "
                    "Ignored files are left out and counted.",
     .parameters = kListParameters,
     .response = file_list_response,
     .for_actions = true},
    {.method = kGet,
     .path = "/files/tree",
     .id = "getFileTree",
     .handler = handle_tree,
     .summary = "Show directories as a tree",
     .description = "For an overview before you open files: a directory and what is below it, `depth` levels deep.",
     .parameters = kTreeParameters,
     .response = file_tree_response,
     .for_actions = true},
    {.method = kGet,
     .path = "/files/view",
     .id = "viewFile",
     .handler = handle_view,
     .summary = "Read lines of a file",
     .description =
         "When you know the file's path: `context` lines around `line`, as they are on disk now. Do not search "
         "for a file that you can name. A wrong path is 404 with candidates, never another file.",
     .parameters = kViewParameters,
     .response = file_view_response,
     .for_actions = true},
    {.method = http::Method::kPost,
     .path = "/stacktrace/locate",
     .id = "locateStacktrace",
     .schema = kTraceSchema,
     .handler = handle_locate,
     .summary = "Find the places of a stack trace",
     .description = "For pasted errors and traces of any language: each frame with the lines around it. `resolved` is "
                    "false for frames that are not of this repository.",
     .response = stacktrace_response,
     .for_actions = true},
};

constexpr BridgeRoute kConsolidated[] = {
    {.method = kGet,
     .path = "/files",
     .id = "getFiles",
     .handler = handle_files,
     .summary = "List a directory or read a file",
     .description = "When you do not know which of the two `path` is. A directory gives its entries (`tree=true`: "
                    "nested), a file the lines around `line`.",
     .parameters = kFilesParameters,
     .response = files_response},
    {.method = kGet,
     .path = "/files/{path*}",
     .id = "getFile",
     .handler = handle_files,
     .summary = "List a directory or read a file by its path in the URL",
     .description = "The same as /v1/files with the path in the URL, where its slashes may stay as they are.",
     .parameters = kFilesParameters,
     .response = files_response},
};

}  // namespace

base::Result<void> add_file_routes(http::Router& router, Services& services) {
  if (auto added = add_bridge(router, services, kRoutes, kAllPrefixes); !added) return added;
  return add_bridge(router, services, kConsolidated, kOnlyV1);
}

}  // namespace promethean::api
