// Index: what is known about one working tree, and the questions that can be asked of it.
//
//   auto index = Index::open({.root = "/src/app", .state_dir = dir}, log);
//   (*index)->update(progress, stop);                       // walks, re-reads only what changed, persists
//   auto snapshot = (*index)->snapshot();                    // immutable; stays valid while held
//   for (const Hit& hit : snapshot->search("where are ignore rules matched", {}, stop)) ...
//
// Threads: open and update block (run them on the pool; one update at a time, a second caller waits). snapshot() is any
// thread, at any time; a Snapshot never changes, so one answer is consistent while files change underneath.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "async/context.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "repo/walk.h"

namespace promethean::search {

enum class Kind { kAll, kCode, kDocs, kTests };
std::optional<Kind> parse_kind(std::string_view text);  // "all" "code" "docs" "tests"

// One ranked place: whole lines of one file, 1-based and inclusive.
struct Hit {
  std::string path;
  int start_line = 0;
  int end_line = 0;
  uint32_t chunk = 0;  // which one of its file, from 0
  double score = 0;
  std::string symbol;     // the innermost definition that encloses or fills the place; may be empty
  std::string signature;  // its first line(s), trimmed; may be empty
  std::string text;       // the lines as indexed
};

struct SearchOptions {
  size_t limit = 10;
  Kind kind = Kind::kAll;
  std::vector<std::string> paths;  // globs or prefixes relative to the root; empty: everything
};

struct GrepOptions {
  bool ignore_case = false;  // -i
  bool word = false;         // -w
  bool multiline = false;    // -U
  bool fixed = false;        // -F
  int context = 0;           // -C
  size_t max_matches = 200;  // lines; the rest is counted as truncated
  Kind kind = Kind::kAll;
  std::vector<std::string> paths;
  bool hidden = true;  // false: not the files below a name that begins with a dot
};

struct GrepMatch {
  std::string path;
  int line = 0;          // 1-based
  int column = 0;        // 1-based, bytes, of the first match in the line
  int match_length = 0;  // bytes; 0 for an empty match
  std::string text;      // the line without its newline (first line of a multi-line match)
  int start_line = 0;    // the window with context
  int end_line = 0;
  std::string snippet;
};

struct GrepResult {
  std::vector<GrepMatch> matches;  // by path, then line
  uint64_t total = 0;              // matching lines seen; exact unless `truncated`
  bool truncated = false;          // stopped at max_matches, or by the stop flag
  uint64_t files_searched = 0;
};

struct Symbol {
  std::string path;
  std::string name;
  std::string kind;   // "function", "class", "method", ...
  std::string scope;  // "Outer::Inner", may be empty
  int start_line = 0;
  int end_line = 0;
  std::string signature;
};

// What a state of the index covers, and what it leaves out and why.
struct IndexStatus {
  uint64_t generation = 0;  // grows with every change that was taken in
  base::WallTime as_of;     // when the tree was last compared with the index
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t chunks = 0;
  uint64_t symbols = 0;
  std::map<std::string, uint64_t>
      left_out;  // reason -> files: "binary", "generated", "vendored", "too_large", "unreadable", "ignored", "removed"
};

struct LeftOut {
  std::string path;
  std::string reason;
  uint64_t size = 0;  // bytes
};

class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual const IndexStatus& status() const = 0;

  // Best first; fewer than `limit` when fewer match. Stops early (with what it has) when `stop` is set.
  virtual std::vector<Hit> search(std::string_view query, const SearchOptions& options,
                                  const async::StopFlag& stop) const = 0;

  // kInvalidArgument with RE2's own words for a bad pattern.
  virtual base::Result<GrepResult> grep(std::string_view pattern, const GrepOptions& options,
                                        const async::StopFlag& stop) const = 0;

  // Definitions whose name equals `name` (a qualified "A::b" or "A.b" must match its scope's end); exact case first,
  // then case-insensitive.
  virtual std::vector<Symbol> find_symbols(std::string_view name, size_t limit) const = 0;

  // The definitions of one file in order; empty for an unknown path.
  virtual std::vector<Symbol> outline(std::string_view path) const = 0;

  // Indexed paths whose end matches `suffix` at a path-segment border ("http/router.cpp", "router.cpp"), shortest
  // first.
  virtual std::vector<std::string> find_paths(std::string_view suffix, size_t limit) const = 0;

  // Files that are not in the index though the walk found them, behind `after` in the order of their paths; `reason`
  // as in IndexStatus::left_out, "" for all. What the walk leaves out itself (ignored, not_regular, unreadable
  // directories) is only counted.
  virtual std::vector<LeftOut> left_out(std::string_view reason, std::string_view after, size_t limit) const = 0;

  // All indexed paths in order.
  virtual std::vector<std::string> files() const = 0;
};

struct IndexOptions {
  std::string root;
  std::string state_dir;                   // the index lies in <state_dir>/index/<hash of the root>/
  std::vector<std::string> exclude_globs;  // EXCLUDE_GLOBS, gitignore syntax
  uint64_t max_file_bytes = 2 << 20;       // larger files are left out and counted
};

struct Progress {
  std::string_view stage;   // "walk", "read", "write"
  uint64_t done = 0;        // files
  uint64_t total = 0;       // 0: not known yet
  double eta_seconds = -1;  // -1: not known yet
};
using ProgressFn =
    std::function<void(const Progress&)>;  // called at most ten times a second, on the updating thread(s), serialised

// What an update looks at.
struct UpdateScope {
  std::vector<repo::Look> looks;   // empty: the whole tree
  repo::OnDirectory on_directory;  // told of each directory before it is read; may be empty
  bool read_again = false;         // files whose stat is unchanged too
  // Files that are to be left out from now on as "removed", and such that are to come back. Looks must cover them.
  std::set<std::string> take_out, take_in;
};

struct UpdateReport {
  uint64_t files = 0, added = 0, changed = 0, removed = 0, unchanged = 0;
  double seconds = 0;
  bool reused = false;  // a stored index was loaded before comparing
};

class Index {
 public:
  virtual ~Index() = default;

  // Loads the stored index if there is a sound one (a damaged or old-format file is set aside, logged and rebuilt).
  static base::Result<std::unique_ptr<Index>> open(const IndexOptions& options, base::Log log);

  // Updates of a few places may run beside one of the whole tree: they wait only while that one takes in what it saw.
  virtual base::Result<UpdateReport> update(const ProgressFn& progress, const async::StopFlag& stop,
                                            const UpdateScope& scope) = 0;
  base::Result<UpdateReport> update(const ProgressFn& progress, const async::StopFlag& stop) {
    return update(progress, stop, {});
  }
  // Forgets everything, also what was taken out; the next update builds the index anew.
  virtual base::Result<void> reset(const async::StopFlag& stop) = 0;
  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  virtual const IndexOptions& options() const = 0;
};

}  // namespace promethean::search
