// FileFilter: which files a question is about: their kind, and paths given as files, directories or globs.
//
// A path without wildcards is a file or a directory ("src/net" holds all below it); of several, any will do. A path
// with wildcards is a filter on top of them, a gitignore pattern relative to the root: `*.cpp` at any depth, `src/*.h`
// and `src/**/x.h` from the root, `*.{c,h}` for both; a directory that matches holds all below it; of several, any will
// do. A leading `!` takes files away again. An absolute path must lie below the root; else, as everywhere in the
// bridge, the leading slash means the root. No paths, "." or "/": every file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "repo/ignore.h"
#include "search/index.h"
#include "search/language.h"

namespace promethean::search {

bool is_kind(Kind kind, Role role);

class FileFilter {
 public:
  // `root`: where the tree lies, for absolute paths.
  FileFilter(Kind kind, const std::vector<std::string>& paths, std::string_view root = {});

  bool accepts_path(std::string_view path) const;
  bool accepts(std::string_view path, Role role) const;
  bool everything() const;
  // Whether the path is, or lies below, one that was given without wildcards.
  bool named(std::string_view path) const;

 private:
  void add(std::string_view path, std::string_view root);
  bool held_by(const repo::IgnoreRules& rules, std::string_view path) const;

  Kind kind_;
  bool any_place_ = true;  // no file or directory was given
  std::vector<std::string> prefixes_;
  std::vector<std::string> not_prefixes_;
  std::string glob_lines_, not_glob_lines_;
  repo::IgnoreRules globs_;
  repo::IgnoreRules not_globs_;
};

// OverrideGlobs: what `rg -g` says. The last glob that matches a file or a directory above it decides; without a `!` it
// takes the file in, and then what none matches is left out.
class OverrideGlobs {
 public:
  explicit OverrideGlobs(const std::vector<std::string>& globs);
  bool empty() const { return rules_.empty(); }
  bool accepts(std::string_view path) const;

 private:
  repo::IgnoreRules rules_;  // "ignored" is taken in
  bool takes_in_ = false;
};

// `a{b,c}d` as `abd` and `acd`; braces that do not close are themselves. At most 256.
std::vector<std::string> expand_braces(std::string_view glob);

}  // namespace promethean::search
