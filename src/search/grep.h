// grep over the packed text of a TreeState, on every processor, with results in the order of paths.
//
// Semantics are ripgrep 15's (docs/grep.md): its regular expressions, line by line unless `multiline`; `^` and `$` are
// the ends of a line; classes, cases and word boundaries are Unicode; bytes that are not UTF-8 are matched by nothing
// but `(?-u)` and themselves in a `fixed` pattern. A file with a NUL byte is binary and left out. Look-around and
// back-references are matched by PCRE2.
//
// In three steps, apart: grep_plan.h understands the pattern; grep_candidates.h chooses the files; grep_pattern.h and
// grep_file.h match. A multi-line match is one GrepMatch; its window holds all its lines. One that begins on a line
// which an earlier match already covers extends that match.
#pragma once

#include "search/grep_candidates.h"
#include "search/index.h"

namespace promethean::search {

// The result keeps what its views need, but for the state.
base::Result<GrepResult> grep_tree(const GrepTree& tree, std::string_view pattern, const GrepOptions& options,
                                   const async::StopFlag& stop);

}  // namespace promethean::search
