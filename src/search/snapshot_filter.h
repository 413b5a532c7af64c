// FileFilter: which files a question is about: their kind, and paths given as prefixes or globs.
//
// A path without wildcards is a file or a directory ("src/net" holds all below it). With wildcards it is a gitignore
// pattern relative to the root: `*.cpp` at any depth, `src/*.h` and `src/**/x.h` from the root; a directory that
// matches holds all below it. A leading `!` takes files away again. No paths, "." or "/": every file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "repo/ignore.h"
#include "search/index.h"
#include "search/segment.h"

namespace promethean::search {

class FileFilter {
 public:
  FileFilter(Kind kind, const std::vector<std::string>& paths);

  bool accepts_path(std::string_view path) const;
  bool accepts(std::string_view path, const FileRecord& record) const;

 private:
  bool held_by(const repo::IgnoreRules& rules, std::string_view path) const;

  Kind kind_;
  bool everything_ = true;  // no path was given that must match
  std::vector<std::string> prefixes_;
  std::vector<std::string> not_prefixes_;
  repo::IgnoreRules globs_;
  repo::IgnoreRules not_globs_;
};

}  // namespace promethean::search
