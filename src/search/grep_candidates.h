// Which files a grep looks at, in the order of their paths: those of the index that the options name, and those that
// the index leaves out although ripgrep would search them (generated, vendored, too large), which are read from disk
// when their turn comes. An index over n-grams will take files away here.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "search/grep_pattern.h"
#include "search/language_filter.h"
#include "search/tree_state.h"

namespace promethean::search {

// Where the tree of a snapshot lies, for what is not in the index.
struct TreeOnDisk {
  base::RootDir root;
  std::vector<std::string> exclude_globs;
};

struct GrepTree {
  const TreeState& state;
  const TreeOnDisk* disk = nullptr;  // null: only what is indexed
};

struct GrepCandidate {
  std::string_view path;
  FileRef ref;
  bool on_disk = false;
  uint64_t size = 0;  // of what is not on disk
};

struct GrepCandidates {
  std::vector<GrepCandidate> files;
  std::map<std::string, uint64_t> left_out;  // reason -> files of the tree that no grep with these options looks at
  std::shared_ptr<const void> keeps;         // what the paths point into, beside the state
};

// kInvalidArgument for an unknown language. Walks the tree only for `options.ignored`.
base::Result<GrepCandidates> choose_candidates(const GrepTree& tree, const GrepOptions& options, const GrepStop& stop);

// A file that was read from disk, as FileText shows one.
struct LoadedFile {
  ContentBuilder content;
  FileText text;
  FileClass file_class;
};
// nullptr when it is gone, cannot be read, is larger than kMaxLoaded or holds a NUL byte.
inline constexpr size_t kMaxLoaded = 256 << 20;
std::shared_ptr<const LoadedFile> load_file(const TreeOnDisk& disk, const std::string& path);

// Kind and language, for files whose text must be seen to know them.
class ClassFilter {
 public:
  static base::Result<ClassFilter> make(const GrepOptions& options);
  bool everything() const { return kind_ == Kind::kAll && languages_.empty(); }
  bool accepts(std::string_view path, Role role, Language language) const;

 private:
  Kind kind_ = Kind::kAll;
  LanguageFilter languages_;
};

}  // namespace promethean::search
