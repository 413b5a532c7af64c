// Where a word stands as a whole in the text of a TreeState, found through the postings of its terms.
#pragma once

#include <string_view>
#include <vector>

#include "async/context.h"
#include "search/symbol_files.h"
#include "search/tree_state.h"

namespace promethean::search {

struct FileOccurrences {
  FileRef file;
  std::vector<uint32_t> offsets;  // bytes into its text, rising
};

// In the order of paths. A word that begins or ends with a word byte has no further one there. With `ignore_case` ASCII
// letters match in either case. Early, with what there is, when `stop` is set.
std::vector<FileOccurrences> find_occurrences(const TreeState& state, std::string_view word, bool ignore_case,
                                              WantedFiles& wanted, const async::StopFlag& stop);

}  // namespace promethean::search
