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
#include "search/symbols.h"

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

enum class GrepEngine { kAuto, kDefault, kPcre2 };  // kAuto: PCRE2 for look-around and back-references only
enum class GrepMode { kLines, kFiles, kCount };

struct GrepOptions {
  bool ignore_case = false;  // -i
  bool word = false;         // -w
  bool multiline = false;    // -U
  bool fixed = false;        // -F
  int context = 0;           // -C
  size_t max_matches = 200;  // lines, or files in the other modes; what is beyond is truncated
  Kind kind = Kind::kAll;
  std::vector<std::string> paths;  // files and directories to search, globs to filter by (snapshot_filter.h)
  bool hidden = true;              // false: not the files below a name that begins with a dot
  bool dot_all = false;            // s: `.` matches a newline, with -U
  bool verbose = false;            // x: blanks and comments in the pattern
  bool crlf = false;               // `$` matches before "\r\n"
  bool invert = false;             // -v: the lines that do not match
  bool ignored = false;            // also the files that ignore rules and the index leave out, read from disk now
  GrepEngine engine = GrepEngine::kAuto;
  GrepMode mode = GrepMode::kLines;
  size_t max_per_file = 0;             // -m; 0: no limit
  std::vector<std::string> languages;  // language_filter.h has the names
  std::vector<std::string> globs;      // -g: the last that matches decides, `!` leaves out
  std::optional<base::SteadyTime> deadline;
};

// The views are into what GrepResult::keeps holds.
struct GrepMatch {
  std::string_view path;
  std::string_view text;     // the line without its newline (first line of a multi-line match)
  std::string_view snippet;  // the window
  int line = 0;              // 1-based
  int column = 0;            // 1-based, bytes, of the first match in the line
  int match_length = 0;      // bytes; 0 for an empty match
  int last_line = 0;         // that the match reaches; `line` but for multi-line matches
  int start_line = 0;        // the window with context
  int end_line = 0;
};

struct GrepFileCount {
  std::string_view path;
  uint64_t count = 0;  // matching lines; with -U, matches. In mode kFiles only whether there is one.
};

// Why an answer is not all there is.
enum class GrepCut {
  kNothing,
  kMaxMatches,  // there is more than was asked for
  kDeadline,    // not every file was searched
  kStopped,
  kMatchLimit,  // PCRE2 gave a search up: lines may be missing
};
std::string_view grep_cut_name(GrepCut cut);  // "maxMatches", "deadline", "stopped", "matchLimit"; "" for nothing

struct GrepResult {
  std::vector<GrepMatch> matches;    // mode kLines: by path, then line
  std::vector<GrepFileCount> files;  // the other modes: files that match, by path
  uint64_t total = 0;                // matching lines seen; files in mode kFiles; exact unless partial() or cut
  GrepCut cut = GrepCut::kNothing;
  uint64_t files_searched = 0;
  std::map<std::string, uint64_t> left_out;  // reason -> files that were not searched, of the whole tree
  std::shared_ptr<const void> keeps;

  bool truncated() const { return cut != GrepCut::kNothing; }
  bool partial() const { return cut != GrepCut::kNothing && cut != GrepCut::kMaxMatches; }
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

  // kInvalidArgument for a bad pattern, with the reason and the place, and for a language that is none.
  virtual base::Result<GrepResult> grep(std::string_view pattern, const GrepOptions& options,
                                        const async::StopFlag& stop) const = 0;

  // Definitions by name, and the places where a name is used.
  virtual SymbolsFound find_symbols(const SymbolQuery& query, const async::StopFlag& stop) const = 0;
  virtual ReferencesFound find_references(const ReferenceQuery& query, const async::StopFlag& stop) const = 0;

  // How many files the paths (SearchOptions::paths) hold, and how many definitions are in them.
  struct SymbolCount {
    uint64_t files = 0, symbols = 0;
  };
  virtual SymbolCount count_symbols(const std::vector<std::string>& paths) const = 0;

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
