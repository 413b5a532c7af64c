// Where git keeps what belongs to a working tree, found without running git.
//
// A `.git` entry is a directory, or (worktrees, submodules) a file "gitdir: PATH"; a worktree's own directory names the
// shared one in `commondir`. Read by ordinary paths: this is the user's own git set-up, never a path from a client.
#pragma once

#include <optional>
#include <string>

#include "repo/ignore.h"

namespace promethean::repo {

struct GitExcludes {
  IgnoreRules info_exclude;    // .git/info/exclude
  IgnoreRules global_exclude;  // core.excludesFile, by default ~/.config/git/ignore
  bool ignore_case = false;    // core.ignoreCase
};

// The shared git directory of the working tree whose top is `directory` (absolute); nullopt when it is not one.
std::optional<std::string> git_common_dir(const std::string& directory);

// Reads the excludes of the repository with that git directory. What is missing or unreadable holds no rules.
GitExcludes read_git_excludes(const std::string& common_dir);

// The directory itself or the nearest one above that has a `.git`; nullopt outside every repository.
std::optional<std::string> find_worktree_top(const std::string& directory);

}  // namespace promethean::repo
