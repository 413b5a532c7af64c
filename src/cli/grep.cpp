// promethean grep: the lines that match, shown as ripgrep shows them.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/strings.h"
#include "cli/grep_pattern_text.h"
#include "cli/grep_print.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/output.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static constexpr size_t kMostMatches = 10'000'000;
static constexpr int kExitNoMatch = 1;
static constexpr int kExitTrouble = 2;

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

static base::Result<std::vector<std::string>> relative_paths(const std::vector<std::string>& typed,
                                                             const std::string& root) {
  std::vector<std::string> paths;
  bool everything = false;
  for (const auto& one : typed) {
    auto path = relative_path(one, root);
    if (!path) return fail(std::move(path).error());
    everything = everything || *path == ".";  // the root itself
    if (*path != ".") paths.push_back(*std::move(path));
  }
  if (everything)
    std::erase_if(paths, [](const auto& path) { return path.find_first_of("*?[{") == std::string::npos; });
  return paths;
}

static search::GrepEngine engine_of(const GrepOptions& options) {
  if (options.pcre2 || options.engine == "pcre2") return search::GrepEngine::kPcre2;
  return options.engine == "default" ? search::GrepEngine::kDefault : search::GrepEngine::kAuto;
}

static search::GrepMode mode_of(const GrepOptions& options) {
  if (options.count) return search::GrepMode::kCount;
  return options.files || options.quiet ? search::GrepMode::kFiles : search::GrepMode::kLines;
}

static base::Result<search::GrepOptions> search_options(const GrepOptions& options, const std::string& root) {
  auto kind = kind_of(options.kind);
  if (!kind) return fail(std::move(kind).error());
  auto paths = relative_paths(options.paths, root);
  if (!paths) return fail(std::move(paths).error());
  search::GrepOptions out;
  out.word = options.word;
  out.multiline = options.multiline;
  out.dot_all = options.dot_all;
  out.crlf = options.crlf;
  out.invert = options.invert;
  out.engine = engine_of(options);
  out.mode = mode_of(options);
  out.context = static_cast<int>(std::max({options.context, options.before, options.after}));
  out.max_matches = options.quiet ? 1 : options.first > 0 ? static_cast<size_t>(options.first) : kMostMatches;
  out.max_per_file = static_cast<size_t>(options.max_count);
  out.kind = *kind;
  out.paths = *std::move(paths);
  out.globs = options.globs;
  out.languages = options.types;
  out.hidden = options.hidden;
  out.ignored = options.no_ignore;
  return out;
}

static json::Object head_json(const GrepAnswer& answer) {
  json::Object left_out;
  for (const auto& [reason, files] : answer.left_out) left_out[reason] = files;
  json::Object head{{"ok", true},
                    {"total", answer.total},
                    {"truncated", !answer.cut.empty()},
                    {"partial", answer.partial},
                    {"leftOut", left_out},
                    {"generation", answer.freshness.generation},
                    {"as_of", answer.freshness.as_of}};
  if (!answer.cut.empty()) head["truncatedBy"] = answer.cut;
  return head;
}

static json::Value answer_json(const GrepAnswer& answer, const GrepOptions& options) {
  json::Object document = head_json(answer);
  if (options.count) {
    json::Object counts;
    for (const auto& file : answer.files) counts[file.path] = file.count;
    document["counts"] = std::move(counts);
  } else if (options.files || options.quiet) {
    json::Array files;
    for (const auto& file : answer.files) files.emplace_back(file.path);
    document["files"] = std::move(files);
  } else {
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
    document["results"] = std::move(results);
  }
  return document;
}

// One file needs no name before its lines.
static bool names_one_file(const GrepOptions& options, const std::string& root) {
  std::error_code error;
  return options.paths.size() == 1 &&
         std::filesystem::is_regular_file(std::filesystem::path(root) / options.paths[0], error);
}

static GrepStyle style_of(const Invocation& invocation, const GrepOptions& options) {
  GrepStyle style;
  style.terminal = isatty(STDOUT_FILENO) == 1;
  style.colour = options.colour == "auto" ? invocation.color_out : options.colour != "never";
  style.heading = (style.terminal || options.heading) && !options.no_heading && !options.vimgrep;
  const bool one = names_one_file(options, invocation.config.server.root) && !options.vimgrep;
  style.path = !options.no_filename && (!one || options.with_filename);
  style.column = options.column || options.vimgrep;
  style.numbers = !options.no_line_number || options.vimgrep;
  style.only_matching = options.only_matching && !options.invert;
  style.line_a_match = options.vimgrep;
  style.nul = options.nul;
  style.before = static_cast<int>(std::max(options.context, options.before));
  style.after = static_cast<int>(std::max(options.context, options.after));
  if (options.before > 0) style.before = static_cast<int>(options.before);
  if (options.after > 0) style.after = static_cast<int>(options.after);
  return style;
}

static void print_answer(const GrepAnswer& answer, const GrepOptions& options, const Invocation& invocation,
                         LineMatcher& matcher) {
  if (invocation.json) return print_json(answer_json(answer, options));
  const GrepStyle style = style_of(invocation, options);
  if (options.quiet) return;
  if (options.count) {
    print(grep_counts_text(answer.files, style));
  } else if (options.files) {
    print(grep_files_text(answer.files, style));
  } else {
    print(grep_text(answer.matches, style, matcher));
  }
  if (answer.partial) {
    fmt::print(stderr, "promethean: not everything was searched ({})\n", answer.cut);
  } else if (!answer.cut.empty() && options.first == 0) {
    fmt::print(stderr, "promethean: only the first {} results are shown\n",
               base::human_count(answer.matches.size() + answer.files.size()));
  }
}

static Exit grep(const Invocation& invocation, GrepOptions options) {
  std::vector<std::string> patterns = options.patterns;
  if (patterns.empty()) {
    patterns.push_back(options.pattern);
  } else if (!options.pattern.empty()) {
    options.paths.insert(options.paths.begin(), options.pattern);
  }
  auto wanted = search_options(options, invocation.config.server.root);
  if (!wanted) return fail(std::move(wanted).error());
  const PatternText text = pattern_text(options, patterns);
  wanted->fixed = text.fixed;
  wanted->ignore_case = text.ignore_case;
  auto lookup = open_lookup(invocation);
  if (!lookup) return fail(std::move(lookup).error());
  auto answer = (*lookup)->grep(text.pattern, *wanted);
  if (!answer) return fail(std::move(answer).error());
  LineMatcher matcher(text.pattern, *wanted);
  print_answer(*answer, options, invocation, matcher);
  return answer->matches.empty() && answer->files.empty() ? kExitNoMatch : kExitDone;
}

// Its exit codes are ripgrep's: 0 something matches, 1 nothing does, 2 trouble.
Exit run_grep(const Invocation& invocation, const GrepOptions& options) {
  if (options.pattern.empty() && options.patterns.empty()) {
    return fail(Code::kInvalidArgument, "no pattern given", "see promethean grep --help");
  }
  auto exit = grep(invocation, options);
  if (exit) return exit;
  print_error(exit.error(), invocation);
  return kExitTrouble;
}

}  // namespace promethean::cli
