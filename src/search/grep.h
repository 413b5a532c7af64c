// grep over the packed text of a TreeState, on every processor, with results in the order of paths.
//
// Semantics are ripgrep's, as far as RE2 goes: a pattern is matched line by line (never across a newline) unless
// `multiline`; `^` and `$` are the ends of a line; `.` matches no newline; `\w \d \s` and their opposites are Unicode;
// `word` asks for a border (no Unicode word character) on both sides of the match; the carriage return of a CRLF line
// is an ordinary character at its end; bytes that are not UTF-8 are matched by nothing but themselves in a `fixed`
// pattern. What differs: no look-around and no back-references (RE2), and `\b` `\B` take ASCII letters, digits and `_`
// for words.
//
// A multi-line match is one GrepMatch; its window holds all its lines. One that begins on a line which an earlier match
// already covers extends that match.
#pragma once

#include "search/index.h"
#include "search/tree_state.h"

namespace promethean::search {

base::Result<GrepResult> grep_state(const TreeState& state, std::string_view pattern, const GrepOptions& options,
                                    const async::StopFlag& stop);

}  // namespace promethean::search
