// The indexer: what the index covers and leaves out, and what it can be told to do. It follows the disk by itself, so
// none of these calls is needed for right answers.
// size: a quarter of it is the table of routes
#include <algorithm>
#include <set>

#include "api/bridge.h"
#include "api/bridge_schemas.h"
#include "api/indexer_parameters.h"
#include "base/strings.h"
#include "repo/views.h"
#include "search/snapshot_filter.h"

namespace promethean::api {

namespace {

using Order = search::LiveIndex::Order;

constexpr size_t kMaxPaths = 100'000;  // files that one call may name

http::Response ok(json::Object body = {}) {
  json::Object whole{{"ok", true}};
  for (auto& member : body) whole[member.key()] = std::move(member.value());
  const json::Value value(std::move(whole));
  return http::Response::json(200, value);
}

// ---- what it is doing ----

bool bootstrapping(const search::LiveIndex::State& state) {
  return !state.ready && !state.reused;
}

json::Value time_or_null(const std::optional<base::WallTime>& time) {
  return time ? json::Value(base::iso8601(*time)) : json::Value(nullptr);
}

json::Object status_of(const search::LiveIndex::State& state) {
  const auto& progress = state.progress;
  const bool first = bootstrapping(state);
  json::Object out{{"mode", first ? "bootstrap" : "indexed"},
                   {"active", state.updating},
                   {"paused", state.paused},
                   {"watching", state.watching},
                   {"queuedFiles", state.pending + (state.updating ? progress.total - progress.done : 0)},
                   {"processedFiles", state.updating ? progress.done : state.processed},
                   {"startedAt", time_or_null(state.started_at)},
                   {"finishedAt", time_or_null(state.finished_at)},
                   {"lastError", nullptr},
                   {"bootstrap", nullptr}};
  if (!state.last_error.empty()) out["lastError"] = state.last_error;
  if (first) {
    out["bootstrap"] = json::Object{
        {"total", progress.total}, {"cursor", progress.done}, {"remaining", progress.total - progress.done}};
  }
  return out;
}

json::Object left_out_of(const search::IndexStatus& status) {
  json::Object out;
  for (const auto& [reason, count] : status.left_out) out[reason] = count;
  return out;
}

json::Object stats_of(const search::IndexStatus& status) {
  return {{"files", status.files},
          {"bytes", status.bytes},
          {"chunks", status.chunks},
          {"symbols", status.symbols},
          {"leftOut", left_out_of(status)}};
}

Task<http::Response> handle_status(Services& services, Context&, http::Request&) {
  const auto state = services.index.state();
  const auto snapshot = services.index.snapshot();
  const auto& status = snapshot->status();
  json::Object body{{"status", status_of(state)},      {"ready", state.ready},
                    {"updating", state.updating},      {"root", services.index.options().root},
                    {"generation", status.generation}, {"as_of", base::iso8601(status.as_of)},
                    {"pending", state.pending}};
  for (auto& member : stats_of(status)) body[member.key()] = std::move(member.value());
  if (state.updating) {
    body["progress"] = json::Object{{"stage", state.progress.stage},
                                    {"done", state.progress.done},
                                    {"total", state.progress.total},
                                    {"etaSeconds", nullptr}};
    if (state.progress.eta_seconds >= 0) body["progress"].as_object()["etaSeconds"] = state.progress.eta_seconds;
  }
  co_return ok(std::move(body));
}

Task<http::Response> handle_summary(Services& services, Context&, http::Request&) {
  const auto state = services.index.state();
  const auto snapshot = services.index.snapshot();
  co_return ok({{"status", status_of(state)},
                {"lastIndexedAt", time_or_null(state.finished_at)},
                {"generation", snapshot->status().generation},
                {"as_of", base::iso8601(snapshot->status().as_of)},
                {"pending", state.pending},
                {"stats", stats_of(snapshot->status())}});
}

// ---- what is left out ----

struct LeftOutPage {
  std::string reason, after;
  size_t limit = 0;
};

// What the walk leaves out is not kept: it walks again.
base::Result<std::vector<search::LeftOut>> walk_left_out(Services& services, const LeftOutPage& page,
                                                         const async::StopFlag& stop) {
  std::set<std::string> found;
  repo::WalkOptions options{.exclude_globs = services.index.options().exclude_globs, .threads = 1};
  options.on_left_out = [&](const std::string& path, std::string_view why) {
    if (why != page.reason || path <= page.after) return;
    found.insert(path);
    if (found.size() > page.limit) found.erase(std::prev(found.end()));
  };
  auto walked = repo::walk(services.root, options, stop);
  if (!walked) return base::fail(std::move(walked).error());
  std::vector<search::LeftOut> out;
  for (const auto& path : found) out.push_back({path, page.reason, 0});
  return out;
}

// Why a file cannot be read, in the system's words.
std::string reading_error(const base::RootDir& root, const std::string& path) {
  const auto opened = root.open_file(path);
  return opened ? "" : opened.error().message();
}

json::Object describe_left_out(const base::RootDir& root, const search::LeftOut& file) {
  json::Object out{{"path", base::sanitize_utf8(file.path)}, {"reason", file.reason}, {"size", file.size}};
  if (file.reason == "unreadable") out["error"] = reading_error(root, file.path);
  return out;
}

Task<http::Response> handle_left_out(Services& services, Context& ctx, http::Request& request) {
  auto view = co_await services.index.fresh(ctx, kBridgePatience);
  if (!view) co_return bridge_error(view.error());
  const auto& asked = request.arguments;
  const LeftOutPage page{.reason = std::string(json::string_at(asked, "reason").value_or("")),
                         .after = std::string(json::string_at(asked, "after").value_or("")),
                         .limit = static_cast<size_t>(*json::int_at(asked, "limit")) + 1};
  const auto stop = ctx.stop_flag();
  const auto work = [&services, &view, &page, stop]() -> base::Result<std::vector<search::LeftOut>> {
    const bool walked = page.reason == "ignored" || page.reason == "not_regular";
    if (walked) return walk_left_out(services, page, stop);
    return view->snapshot->left_out(page.reason, page.after, page.limit);
  };
  auto files = co_await services.pool.run(ctx, work);
  if (!files) co_return bridge_error(files.error());
  json::Value next(nullptr);
  if (files->size() == page.limit) {
    files->pop_back();
    next = base::sanitize_utf8(files->back().path);
  }
  json::Array list;
  for (const auto& file : *files) list.emplace_back(describe_left_out(services.root, file));
  json::Object body = bridge_head(*view);
  body["files"] = std::move(list);
  body["next"] = std::move(next);
  body["counts"] = left_out_of(view->snapshot->status());
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

// ---- what it is told to do ----

// The paths of the body, or of the query as the original takes them too. kInvalidArgument when there is none.
base::Result<std::vector<std::string>> paths_of(const http::Request& request) {
  std::vector<std::string> out;
  if (const json::Array* list = json::array_at(request.json, "path")) {
    for (const auto& item : *list) out.emplace_back(item.as_string());
  } else if (const auto one = json::string_at(request.json, "path")) {
    out.emplace_back(*one);
  } else if (const auto query = json::string_at(request.arguments, "path"); query && !query->empty()) {
    out.emplace_back(*query);
  }
  if (out.empty()) return base::bad_field("path", "Missing 'path'");
  return out;
}

bool is_glob(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

// The files that are meant: a name, all below a directory, or what a glob matches of what is known.
base::Result<std::vector<std::string>> files_meant(const search::Snapshot& snapshot,
                                                   const std::vector<std::string>& paths) {
  std::set<std::string> out;
  std::vector<std::string> filters;
  for (const auto& path : paths) {
    if (is_glob(path)) {
      filters.push_back(path);
      continue;
    }
    auto normal = repo::normalise_directory(path);
    if (!normal) return base::fail(normal.error().with_field("path"));
    // Also one that nobody knows yet.
    if (!normal->empty()) out.insert(*normal);
    filters.push_back(normal->empty() ? "." : *normal);
  }
  // One filter each: of several in one, globs would narrow down what the names hold.
  std::vector<search::FileFilter> any;
  for (const auto& filter : filters) any.emplace_back(search::Kind::kAll, std::vector<std::string>{filter});
  const auto take = [&](std::string path) {
    const bool meant = std::ranges::any_of(any, [&path](const auto& filter) { return filter.accepts_path(path); });
    if (meant && out.size() <= kMaxPaths) out.insert(std::move(path));
  };
  for (auto& path : snapshot.files()) take(std::move(path));
  for (auto& file : snapshot.left_out("", "", kMaxPaths)) take(std::move(file.path));
  // A directory's own name is no file.
  for (const auto& path : filters) {
    const auto below = out.lower_bound(path + "/");
    if (below != out.end() && below->starts_with(path + "/")) out.erase(path);
  }
  if (out.size() > kMaxPaths) return base::bad_field("path", "path names more than 100,000 files", "use /reindex");
  return std::vector<std::string>(out.begin(), out.end());
}

http::Response busy_bootstrapping() {
  return ok({{"ignored", true}, {"mode", "bootstrap"}});
}

Task<http::Response> handle_reindex(Services& services, Context&, http::Request&) {
  if (bootstrapping(services.index.state())) co_return busy_bootstrapping();
  const uint64_t files = services.index.snapshot()->status().files;
  services.index.order({.what = Order::What::kRead, .paths = {}});
  co_return ok({{"queued", files}});
}

// The files that a call means, or its error as an answer.
Task<base::Result<std::vector<std::string>>> asked_files(Services& services, Context& ctx,
                                                         const http::Request& request) {
  const auto paths = paths_of(request);
  if (!paths) co_return base::fail(paths.error());
  const auto snapshot = services.index.snapshot();
  const auto work = [&snapshot, &paths] { return files_meant(*snapshot, *paths); };
  auto files = co_await services.pool.run(ctx, work);
  co_return files;
}

Task<http::Response> handle_reindex_files(Services& services, Context& ctx, http::Request& request) {
  auto files = co_await asked_files(services, ctx, request);
  if (!files) co_return bridge_error(files.error());
  if (bootstrapping(services.index.state())) co_return busy_bootstrapping();
  const uint64_t queued = files->size();
  if (queued > 0) services.index.order({.what = Order::What::kRead, .paths = std::move(*files)});
  co_return ok({{"queued", queued}});
}

Task<http::Response> handle_remove(Services& services, Context& ctx, http::Request& request) {
  auto files = co_await asked_files(services, ctx, request);
  if (!files) co_return bridge_error(files.error());
  const uint64_t removed = files->size();
  if (removed > 0) services.index.order({.what = Order::What::kRemove, .paths = std::move(*files)});
  co_return ok({{"removed", removed}});
}

Task<http::Response> handle_reset(Services& services, Context&, http::Request&) {
  const auto state = services.index.state();
  if (state.updating || state.pending > 0 || !state.ready) {
    const base::Error busy(base::Code::kConflict, "Indexer busy", "try again when /indexer/status says active: false");
    co_return bridge_error(busy);
  }
  services.index.order({.what = Order::What::kReset, .paths = {}});
  co_return ok();
}

Task<http::Response> handle_operation(Services& services, Context& ctx, http::Request& request) {
  const std::string op(*json::string_at(request.json, "op"));
  if (op == "pause" || op == "resume") {
    services.index.pause(op == "pause");
    co_return ok({{"status", status_of(services.index.state())}});
  }
  if (op == "reset") {
    auto response = co_await handle_reset(services, ctx, request);
    co_return response;
  }
  if (op == "remove") {
    auto response = co_await handle_remove(services, ctx, request);
    co_return response;
  }
  if (op == "reindex" && !paths_of(request)) {
    auto response = co_await handle_reindex(services, ctx, request);
    co_return response;
  }
  auto response = co_await handle_reindex_files(services, ctx, request);
  co_return response;
}

constexpr http::Method kGet = http::Method::kGet, kPost = http::Method::kPost;
constexpr http::Scope kWrite = http::Scope::kWrite;

constexpr BridgeRoute kRoutes[] = {
    {.method = kGet,
     .path = "/indexer/status",
     .id = "getIndexStatus",
     .handler = handle_status,
     .summary = "Say what the index covers, leaves out and is doing",
     .description = "When search or grep misses something that should be there: how many files are left out for which "
                    "reason, and what is pending. Answers are fresh without it.",
     .response = index_status_response,
     .for_actions = true},
    {.method = kPost,
     .path = "/reindex",
     .id = "reindexAll",
     .schema = kNothingSchema,
     .handler = handle_reindex,
     .summary = "Read every file again",
     .description = "Only when the disk was changed in a way that leaves no trace in times and sizes.",
     .scope = kWrite,
     .response = queued_response,
     .body_optional = true},
    {.method = kPost,
     .path = "/files/reindex",
     .id = "reindexFiles",
     .schema = kPathsSchema,
     .handler = handle_reindex_files,
     .summary = "Read some files again",
     .description = "Brings back what was removed from the index. Changes on disk are followed without it.",
     .scope = kWrite,
     .parameters = kPathParameter,
     .response = queued_response,
     .body_optional = true},
    {.method = kPost,
     .path = "/indexer/index",
     .id = "indexPath",
     .schema = kPathSchema,
     .handler = handle_reindex_files,
     .summary = "Take a file into the index",
     .description = "Brings back what was removed from the index.",
     .scope = kWrite,
     .parameters = kPathParameter,
     .response = queued_response,
     .body_optional = true},
    {.method = kPost,
     .path = "/indexer/remove",
     .id = "removeFromIndex",
     .schema = kPathSchema,
     .handler = handle_remove,
     .summary = "Leave a file out of the index",
     .description = "The file stays on disk; searches leave it out and count it, until it is indexed again.",
     .scope = kWrite,
     .parameters = kPathParameter,
     .response = queued_response,
     .body_optional = true},
    {.method = kPost,
     .path = "/indexer/reset",
     .id = "resetIndex",
     .schema = kNothingSchema,
     .handler = handle_reset,
     .summary = "Build the index anew",
     .description = "Forgets everything, also what was removed. 409 while the indexer is busy.",
     .scope = kWrite,
     .response = queued_response,
     .body_optional = true},
};

constexpr BridgeRoute kConsolidated[] = {
    {.method = kGet,
     .path = "/indexer",
     .id = "getIndexer",
     .handler = handle_summary,
     .summary = "State and size of the index",
     .description = "The consolidated form of indexer/status.",
     .response = indexer_response},
    {.method = kGet,
     .path = "/indexer/left-out",
     .id = "listLeftOut",
     .handler = handle_left_out,
     .summary = "List files that the index leaves out, and why",
     .description =
         "When a file that you can see is not found by search or grep. What ignore rules leave out is listed "
         "only with reason=ignored.",
     .parameters = kLeftOutParameters,
     .response = left_out_response,
     .for_actions = true},
    {.method = kPost,
     .path = "/indexer",
     .id = "operateIndexer",
     .schema = kOperationSchema,
     .handler = handle_operation,
     .summary = "Tell the indexer what to do",
     .description = "All operations in one: index and remove files, reindex all or some, reset, pause and resume.",
     .scope = kWrite,
     .response = queued_response},
};

}  // namespace

base::Result<void> add_indexer_routes(http::Router& router, Services& services) {
  if (auto added = add_bridge(router, services, kRoutes, kAllPrefixes); !added) return added;
  return add_bridge(router, services, kConsolidated, kOnlyV1);
}

}  // namespace promethean::api
