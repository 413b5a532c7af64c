// Scopes: the ignore rules that hold in a directory of a working tree, read from disk.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "repo/ignore.h"

namespace promethean::repo {

// What the root stands in: EXCLUDE_GLOBS, and the .gitignore files between the top of the repository and the root.
IgnoreScope::Ptr scope_above(const base::RootDir& root, const std::vector<std::string>& exclude_globs);

// Which files that bring rules a directory has.
struct RuleFiles {
  bool git = false;
  bool gitignore = false;
  bool ignore = false;
};

// Which of them a directory (relative to the root) has now.
RuleFiles rule_files(const base::RootDir& root, const std::string& directory);

// The scope in `directory` (relative to the root, "" is the root), whose parent's is `above`: a new one only if it has
// rules of its own.
IgnoreScope::Ptr scope_in(const base::RootDir& root, const std::string& directory, IgnoreScope::Ptr above,
                          const RuleFiles& has);

// The same for any directory, by going down from the root. A directory that is ignored itself has a scope too.
IgnoreScope::Ptr scope_of(const base::RootDir& root, const std::string& directory,
                          const std::vector<std::string>& exclude_globs);

}  // namespace promethean::repo
