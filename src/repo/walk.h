// The regular files of a working tree, with what stat says of them: one sweep, nothing is read but ignore files.
//
//   auto tree = walk(root, {}, stop);
//   for (const WalkEntry& file : tree->files) ...        // by path, bytewise
//
// What is left out: `.git`; what the rules of ignore.h ignore (an ignored directory is not entered and counts as one);
// symbolic links, which are never followed (their targets are found by their own names, or lie outside); devices, pipes
// and sockets; directories that cannot be opened. Names that begin with a dot are taken in and marked hidden. Nested
// repositories, submodules and worktrees are part of the tree and bring their own rules. Every directory is opened
// beneath the root (RootDir), so no link swapped in meanwhile leads outside.
//
// A walk of a few places (WalkOptions::looks) gives what a walk of the whole tree would give there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "async/context.h"
#include "base/error.h"
#include "base/fd.h"

namespace promethean::repo {

// What tells whether a file was touched. ctime is what a program cannot set back.
struct FileStat {
  uint64_t size = 0;
  int64_t mtime_ns = 0;  // since the epoch
  int64_t ctime_ns = 0;
  uint64_t inode = 0;
  bool operator==(const FileStat&) const = default;
};

struct WalkEntry {
  std::string path;  // relative to the root, '/'-separated
  FileStat stat;
  bool hidden = false;  // it or a directory above it, below the root, has a name that begins with a dot
};

// A place of the tree to look at: the files of one directory, or all that lies below it.
struct Look {
  std::string directory;  // relative to the root; "" is the root
  bool below = false;
};

// Looks, ready to be asked whether a path lies in them.
class Looks {
 public:
  explicit Looks(const std::vector<Look>& looks);
  bool cover(std::string_view path) const;  // of a file

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Set = std::unordered_set<std::string, Hash, std::equal_to<>>;
  Set directories_;
  Set below_;
};

// Told of each directory before it is read, from the walking threads.
using OnDirectory = std::function<void(const std::string& path, int fd)>;

// Told of each entry that is left out, and why ("ignored", "not_regular", "unreadable"), from the walking threads.
using OnLeftOut = std::function<void(const std::string& path, std::string_view why)>;

struct WalkOptions {
  std::vector<std::string> exclude_globs;  // gitignore syntax, relative to the root; stronger than every file's rules
  int threads = 2;
  bool ignore_files = true;  // false: only exclude_globs leave anything out
  std::vector<Look> looks;   // empty: the whole tree
  OnDirectory on_directory;  // may be empty
  OnLeftOut on_left_out;     // may be empty
};

struct WalkResult {
  std::vector<WalkEntry> files;
  uint64_t directories = 0;
  uint64_t ignored = 0;      // entries, not what lies below them
  uint64_t not_regular = 0;  // symbolic links, devices, pipes, sockets
  uint64_t unreadable = 0;   // directories that cannot be opened, entries that cannot be examined
};

using WalkProgress = std::function<void(uint64_t files)>;  // called from the walking threads, serialised, now and then

// A look at what is not there, is ignored or is no directory finds nothing. kCancelled when `stop` was set;
// kPermissionDenied and the like when the root itself cannot be read.
base::Result<WalkResult> walk(const base::RootDir& root, const WalkOptions& options, const async::StopFlag& stop,
                              const WalkProgress& progress = {});

}  // namespace promethean::repo
