// promethean grep: the lines that match. Exit code 3 when there is none; 1 means that the work failed.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/strings.h"
#include "cli/grep_print.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/output.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static constexpr size_t kMostMatches = 100'000;

// A path as typed -> relative to the root. Globs stay as they are; what is no glob must exist.
static base::Result<std::string> relative_path(const std::string& typed, const std::string& root) {
  if (typed.find_first_of("*?[{") != std::string::npos) return typed;
  std::string path = std::filesystem::path(typed).lexically_normal().string();
  if (path.starts_with('/')) {
    std::error_code error;
    const auto real = std::filesystem::weakly_canonical(path, error);
    path = real.lexically_relative(root).string();
  }
  if (path == ".." || path.starts_with("../") || path.empty()) {
    return fail(Code::kInvalidArgument, fmt::format("{} lies outside of {}", typed, root),
                "paths are relative to the root; --root names another");
  }
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (access((root + "/" + path).c_str(), F_OK) != 0)
    return fail(Code::kNotFound, fmt::format("there is no {} in {}", typed, root));
  return path;
}

static base::Result<search::GrepOptions> search_options(const GrepOptions& options, const std::string& root) {
  auto kind = kind_of(options.kind);
  if (!kind) return fail(std::move(kind).error());
  search::GrepOptions out;
  out.ignore_case = options.ignore_case;
  out.word = options.word;
  out.multiline = options.multiline;
  out.fixed = options.fixed;
  out.context = static_cast<int>(options.context);
  out.max_matches = options.first > 0 ? static_cast<size_t>(options.first) : kMostMatches;
  out.kind = *kind;
  for (const auto& typed : options.paths) {
    auto path = relative_path(typed, root);
    if (!path) return fail(std::move(path).error());
    if (*path == ".") return out.paths.clear(), out;  // the root itself: everything
    out.paths.push_back(*std::move(path));
  }
  return out;
}

static json::Value answer_json(const GrepAnswer& answer) {
  json::Array results;
  for (const auto& match : answer.matches) {
    results.push_back({{"path", match.path},
                       {"line", match.line},
                       {"column", match.column},
                       {"lineText", base::sanitize_utf8(match.text)},
                       {"snippet", base::sanitize_utf8(match.snippet)},
                       {"startLine", match.start_line},
                       {"endLine", match.end_line}});
  }
  return {{"ok", true},
          {"results", results},
          {"total", answer.total},
          {"truncated", answer.truncated},
          {"generation", answer.freshness.generation},
          {"as_of", answer.freshness.as_of}};
}

static json::Value counts_json(const GrepAnswer& answer) {
  json::Object counts;
  for (const auto& match : answer.matches) {
    auto& count = counts[match.path];
    count = count.is_null() ? 1 : count.to_number<int64_t>() + 1;
  }
  return {{"ok", true}, {"counts", counts}, {"total", answer.total}, {"truncated", answer.truncated}};
}

static void print_answer(const GrepAnswer& answer, const GrepOptions& options, const Invocation& invocation) {
  if (invocation.json) return print_json(options.count ? counts_json(answer) : answer_json(answer));
  const GrepStyle style{.heading = isatty(STDOUT_FILENO) == 1, .colour = invocation.color_out};
  print(options.count ? grep_counts_text(answer.matches, style) : grep_text(answer.matches, options, style));
  if (answer.truncated && options.first == 0) {
    fmt::print(stderr, "promethean: only the first {} matching lines are shown\n",
               base::human_count(answer.matches.size()));
  }
}

Exit run_grep(const Invocation& invocation, const GrepOptions& options) {
  if (options.pattern.empty()) return fail(Code::kInvalidArgument, "the pattern is empty", "it would match every line");
  auto wanted = search_options(options, invocation.config.server.root);
  if (!wanted) return fail(std::move(wanted).error());
  auto lookup = open_lookup(invocation);
  if (!lookup) return fail(std::move(lookup).error());
  auto answer = (*lookup)->grep(options.pattern, *wanted);
  if (!answer) return fail(std::move(answer).error());
  print_answer(*answer, options, invocation);
  return answer->matches.empty() ? kExitNotFound : kExitDone;
}

}  // namespace promethean::cli
