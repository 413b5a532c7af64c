// POST /grep and its consolidated twin: ripgrep's questions over the index, with a total deadline.
#include <fmt/format.h>

#include <algorithm>

#include "api/bridge_schemas.h"
#include "api/index_answer.h"
#include "base/strings.h"

namespace promethean::api {

namespace {

constexpr std::string_view kGrepSchema = R"({
  "title": "GrepRequest", "type": "object", "required": ["pattern"],
  "properties": {
    "pattern": {"type": "string", "minLength": 1, "maxLength": 16384,
      "description": "A regular expression as ripgrep takes it; look-around and back-references too."},
    "flags": {"type": "string", "maxLength": 16,
      "description": "Letters: i ignores case, w whole words, F fixed text, U several lines, s dot matches a line feed, x blanks mean nothing; g, m and u change nothing."},
    "paths": {"type": "array", "maxItems": 64, "items": {"type": "string", "maxLength": 4096},
      "description": "Only these files, directories or globs; one that begins with ! is left out."},
    "globs": {"type": "array", "maxItems": 64, "items": {"type": "string", "maxLength": 4096},
      "description": "Of the files in `paths` only these globs; one that begins with ! is left out."},
    "maxMatches": {"type": "integer", "default": 200, "description": "The most lines of all files together."},
    "maxPerFile": {"type": "integer", "minimum": 1, "description": "The most lines of one file."},
    "context": {"type": "integer", "minimum": 0, "default": 2, "description": "Lines before and after each match."},
    "word": {"type": "boolean", "default": false, "description": "Whole words only."},
    "multiline": {"type": "boolean", "default": false, "description": "The pattern may match over several lines."},
    "fixed": {"type": "boolean", "default": false, "description": "The pattern is text, not an expression."},
    "invert": {"type": "boolean", "default": false, "description": "The lines that do not match."},
    "hidden": {"type": "boolean", "default": false, "description": "Also files that begin with a dot."},
    "ignore": {"type": "boolean", "default": true, "description": "false: also files that ignore rules leave out."},
    "engine": {"type": "string", "enum": ["auto", "default", "pcre2"], "default": "auto",
      "description": "auto takes pcre2 for what only that one can do."},
    "mode": {"type": "string", "enum": ["lines", "files", "count"], "default": "lines",
      "description": "Lines, or only the files, or the files with the number of matching lines."},
    "first": {"type": "integer", "minimum": 0, "description": "Stop after so many matches; 0: do not."},
    "kind": {"type": "string", "enum": ["all", "code", "docs", "tests"], "default": "all",
      "description": "Only files of this kind."},
    "lang": {"type": ["string", "array"], "maxItems": 32, "items": {"type": "string", "maxLength": 64},
      "description": "Only files of these languages, named as in ripgrep's -t."},
    "deadlineMs": {"type": "integer", "minimum": 1, "maximum": 60000, "default": 10000,
      "description": "After this the answer is what was found, marked as partial."}
  },
  "examples": [{"pattern": "class \\w+Error", "paths": ["src"], "maxMatches": 20}]
})";

constexpr int64_t kMaxGrepContext = 200;
constexpr int64_t kMaxMatches = 100'000;
constexpr int64_t kDeadlineMs = 10'000;  // when none is named

// The letters of the original's `flags`: those of ripgrep, and of JavaScript's regular expressions, where every line is
// matched (g), `^` is the begin of a line (m) and text is Unicode (u) anyway.
base::Result<void> read_flags(std::string_view flags, search::GrepOptions* options) {
  for (const char letter : flags) {
    switch (letter) {
      case 'g':
      case 'm':
      case 'u':
        break;
      case 'i':
        options->ignore_case = true;
        break;
      case 'w':
        options->word = true;
        break;
      case 'U':
        options->multiline = true;
        break;
      case 'F':
        options->fixed = true;
        break;
      case 's':
        options->dot_all = true;
        break;
      case 'x':
        options->verbose = true;
        break;
      default:
        return base::bad_field("flags", fmt::format("flags has the unknown letter \"{}\"", std::string(1, letter)),
                               "g i m s u w x U F are known");
    }
  }
  return {};
}

search::GrepEngine engine_at(const json::Value& body) {
  const auto name = json::string_at(body, "engine").value_or("auto");
  return name == "pcre2"     ? search::GrepEngine::kPcre2
         : name == "default" ? search::GrepEngine::kDefault
                             : search::GrepEngine::kAuto;
}

search::GrepMode mode_at(const json::Value& body) {
  const auto name = json::string_at(body, "mode").value_or("lines");
  return name == "files"   ? search::GrepMode::kFiles
         : name == "count" ? search::GrepMode::kCount
                           : search::GrepMode::kLines;
}

// `first` and `maxMatches` are the same limit; negative ones are 0, which asks for nothing.
size_t limit_at(const json::Value& body) {
  int64_t limit = std::clamp<int64_t>(json::int_at(body, "maxMatches").value_or(200), 0, kMaxMatches);
  if (const int64_t first = json::int_at(body, "first").value_or(0); first > 0) {
    limit = json::int_at(body, "maxMatches") ? std::min(limit, first) : std::min(first, kMaxMatches);
  }
  return static_cast<size_t>(limit);
}

base::Result<void> check_paths(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const auto parts = base::split(path, '/');
    if (std::ranges::find(parts, "..") != parts.end()) {
      return base::bad_field("paths", fmt::format("\"{}\" may lead out of the root", path));
    }
  }
  return {};
}

base::Result<search::GrepOptions> grep_options(const json::Value& body) {
  search::GrepOptions options;
  options.word = json::bool_at(body, "word").value_or(false);
  options.multiline = json::bool_at(body, "multiline").value_or(false);
  options.fixed = json::bool_at(body, "fixed").value_or(false);
  options.invert = json::bool_at(body, "invert").value_or(false);
  options.hidden = json::bool_at(body, "hidden").value_or(false);
  options.ignored = !json::bool_at(body, "ignore").value_or(true);
  options.context = static_cast<int>(std::min(json::int_at(body, "context").value_or(2), kMaxGrepContext));
  options.max_matches = limit_at(body);
  options.max_per_file = static_cast<size_t>(json::int_at(body, "maxPerFile").value_or(0));
  options.kind = kind_at(body);
  options.engine = engine_at(body);
  options.mode = mode_at(body);
  options.paths = strings_at(body, "paths");
  options.globs = strings_at(body, "globs");
  options.languages = strings_at(body, "lang");
  if (auto read = read_flags(json::string_at(body, "flags").value_or("g"), &options); !read) {
    return base::fail(std::move(read).error());
  }
  if (auto checked = check_paths(options.paths); !checked) return base::fail(std::move(checked).error());
  return options;
}

json::Object grep_json(const search::GrepMatch& match) {
  return {{"path", match.path},
          {"line", match.line},
          {"column", match.column},
          {"matchLength", match.match_length},
          {"lineText", base::sanitize_utf8(match.text)},
          {"snippet", base::sanitize_utf8(match.snippet)},
          {"startLine", match.start_line},
          {"endLine", match.end_line},
          {"lastLine", match.last_line}};
}

json::Object grep_json(const search::GrepResult& found, search::GrepMode mode) {
  json::Array results;
  for (const auto& match : found.matches) results.emplace_back(grep_json(match));
  for (const auto& file : found.files) {
    json::Object entry{{"path", file.path}};
    if (mode == search::GrepMode::kCount) entry["count"] = file.count;
    results.emplace_back(std::move(entry));
  }
  json::Object left_out;
  for (const auto& [reason, files] : found.left_out) left_out[reason] = files;
  json::Object body{{"results", std::move(results)},         {"total", found.total},
                    {"truncated", found.truncated()},        {"partial", found.partial()},
                    {"filesSearched", found.files_searched}, {"leftOut", std::move(left_out)}};
  if (found.truncated()) body["truncatedBy"] = search::grep_cut_name(found.cut);
  return body;
}

Task<http::Response> handle_grep(Services& services, Context& ctx, http::Request& request) {
  const std::string pattern(*json::string_at(request.json, "pattern"));
  auto options = grep_options(request.json);
  if (!options) co_return bridge_error(options.error());
  const std::chrono::milliseconds deadline(json::int_at(request.json, "deadlineMs").value_or(kDeadlineMs));
  options->deadline = base::steady_now() + deadline;
  const auto work = [&pattern, &options](const search::Snapshot& snapshot,
                                         const async::StopFlag& stop) -> base::Result<json::Object> {
    auto found = snapshot.grep(pattern, *options, stop);
    if (!found) return base::fail(std::move(found).error());
    return grep_json(*found, options->mode);
  };
  const auto patience = std::min(kBridgePatience, deadline);
  auto response = co_await answer(services, ctx, work, patience);
  co_return response;
}

constexpr BridgeRoute kGrepRoutes[] = {
    {.method = http::Method::kPost,
     .path = "/grep",
     .id = "grep",
     .schema = kGrepSchema,
     .handler = handle_grep,
     .summary = "Find all lines that match a regular expression",
     .description =
         "Exact and complete, as ripgrep: for literal strings, names and patterns. `truncated` says that the "
         "list was cut and `truncatedBy` why; `leftOut` counts the files that were not searched.",
     .response = grep_response,
     .for_actions = true},
};
constexpr BridgeRoute kGrepConsolidated[] = {
    {.method = http::Method::kPost,
     .path = "/search/code",
     .id = "searchCode",
     .schema = kGrepSchema,
     .handler = handle_grep,
     .summary = "Find lines by a regular expression",
     .description = "The same as /v1/grep, under the name that the original had for it.",
     .response = grep_response},
};

}  // namespace

base::Result<void> add_grep_routes(http::Router& router, Services& services) {
  if (auto added = add_bridge(router, services, kGrepRoutes, kAllPrefixes); !added) return added;
  return add_bridge(router, services, kGrepConsolidated, kOnlyV1);
}

}  // namespace promethean::api
