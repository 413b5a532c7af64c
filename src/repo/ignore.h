// What a working tree wants left out: the rules of .gitignore, .ignore and their relatives, equal to git's.
//
//   auto rules = IgnoreRules::parse("build/\n!keep.log\n*.log\n");
//   rules.match("x.log", false) == Verdict::kIgnored
//
// IgnoreRules is one file. An IgnoreScope is what holds in one directory: its own files, those of the directories
// above, and the repository's. First who has an opinion wins: EXCLUDE_GLOBS; then .ignore files, the deepest first;
// then .gitignore files, the deepest first, up to the top of the repository; then .git/info/exclude; then
// core.excludesFile.
// (.ignore before .gitignore is ripgrep's rule; the rest is gitignore(5).) A nested repository starts anew: the
// .gitignore files and excludes of the outer one end at its border. Rules hold whether or not git tracks a file, as
// `git check-ignore --no-index` has it. A walk does not enter an ignored directory, so nothing below it can come back.
//
// Values are immutable after parse; any thread may match.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "repo/glob.h"

namespace promethean::repo {

enum class Verdict { kNone, kIgnored, kKept };  // kKept: a `!` rule

class IgnoreRules {
 public:
  // One file's text. Never fails: what git would not match is a rule that matches nothing. At most kMaxRules rules.
  static IgnoreRules parse(std::string_view text, bool ignore_case = false);

  static constexpr size_t kMaxRules = 100'000;

  // `path` is relative to the directory of the file, without a leading or trailing slash. The last rule that matches
  // decides.
  Verdict match(std::string_view path, bool is_directory) const;
  bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    std::string prefix;  // literal bytes before the first wildcard
    Glob rest;           // the remainder; unused when `literal`
    bool literal = false;
    bool suffix_only = false;  // `*.log`: prefix holds ".log"
    bool name_only = false;    // no slash: against the last path segment
    bool negated = false;
    bool directory_only = false;
  };
  static Rule parse_line(std::string_view line, bool ignore_case);
  bool matches(const Rule& rule, std::string_view text) const;
  bool equal(std::string_view a, std::string_view b) const;

  std::vector<Rule> rules_;
  bool ignore_case_ = false;
};

// IgnoreScope: the rules that hold in one directory, linked to those above it.
class IgnoreScope {
 public:
  using Ptr = std::shared_ptr<const IgnoreScope>;

  // What one directory adds. `directory` is relative to the root of the walk ("" is the root itself).
  struct Layer {
    std::string directory;
    std::string above;  // for a directory above the root: the path from it to the root, with a last slash; else empty
    IgnoreRules ignore;
    IgnoreRules gitignore;
    bool ignore_case = false;     // core.ignoreCase of its repository
    bool repository_top = false;  // .gitignore files above do not count here
    IgnoreRules info_exclude;     // of the repository, when it is one
    IgnoreRules global_exclude;
  };

  // The outermost scope; `overrides` are EXCLUDE_GLOBS relative to the root.
  static Ptr outermost(IgnoreRules overrides);
  static Ptr below(Ptr parent, Layer layer);

  // `path` is relative to the root of the walk and lies in this scope's directory or deeper.
  bool ignored(std::string_view path, bool is_directory) const;
  bool ignore_case() const { return layer_.ignore_case; }

 private:
  static Verdict ask(const Layer& layer, const IgnoreRules& rules, std::string_view path, bool is_directory);
  Verdict ask_ignore_files(std::string_view path, bool is_directory) const;
  Verdict ask_git(std::string_view path, bool is_directory) const;

  Ptr parent_;
  Layer layer_;
  std::shared_ptr<const IgnoreRules> overrides_;
};

}  // namespace promethean::repo
