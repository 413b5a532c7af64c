// WantedFiles: which files of a TreeState a question about symbols is about. Remembers its answers, so that a file with
// many definitions is looked at once. One thread.
#pragma once

#include <string>
#include <vector>

#include "search/snapshot_filter.h"
#include "search/symbols.h"
#include "search/tree_state.h"

namespace promethean::search {

class WantedFiles {
 public:
  // `state` and `files` outlive it.
  WantedFiles(const TreeState& state, const SymbolFiles& files);

  bool accepts(FileRef ref);  // also false for a file that is gone
  bool accepts_language(Language language) const { return !files_.language || *files_.language == language; }

 private:
  bool decide(FileRef ref) const;

  enum : int8_t { kUnknownYet, kNo, kYes };
  const TreeState& state_;
  const SymbolFiles& files_;
  const FileFilter filter_;
  std::vector<std::vector<int8_t>> known_;
};

}  // namespace promethean::search
