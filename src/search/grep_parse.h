// Reads a pattern in the syntax of ripgrep 15 (Rust's regex): nested classes with `&&` `--` `~~`, `\p{...}`, `\x{...}`,
// flags `(?imsxUuR-...)`, named groups, Unicode or ASCII looks.
#pragma once

#include <string_view>

#include "base/error.h"
#include "search/grep_ast.h"

namespace promethean::search {

struct ParseFlags {
  bool ignore_case = false;  // i
  bool multi_line = true;    // m: `^` and `$` are the ends of lines
  bool dot_all = false;      // s
  bool swap_greed = false;   // U
  bool unicode = true;       // u
  bool verbose = false;      // x
  bool crlf = false;         // R
};

struct ParsedPattern {
  GrepNode root;
  bool needs_pcre2 = false;  // has look-around or back-references
  bool foreign = false;      // and in it something that PCRE2 may read differently: no literals can be told from it
};

// kInvalidArgument with the reason and the place. Look-around and back-references are read as nodes that match anything
// (kOpaque) and reported.
base::Result<ParsedPattern> parse_pattern(std::string_view pattern, const ParseFlags& flags);
// A text that means itself.
GrepNode parse_fixed(std::string_view text, bool ignore_case);

// Takes "\n" out of every set: lines are matched one by one. False when a part of the pattern is nothing but a newline.
bool forbid_newlines(GrepNode* node);
// Whether a match may contain a newline, or depends on where the text begins and ends.
bool may_span_lines(const GrepNode& node);
// Whether every match holds a byte beyond ASCII.
bool needs_non_ascii(const GrepNode& node);

}  // namespace promethean::search
