// A pattern as RE2 is told it.
#pragma once

#include <optional>
#include <string>

#include "search/grep_ast.h"

namespace promethean::search {

struct Re2Spelling {
  std::string pattern;
  bool exact = true;           // finds what the pattern finds; else it may find more
  bool exact_on_ascii = true;  // finds it in a text of ASCII
};

// `unicode_text`: for texts that are not ASCII, where RE2's word boundaries mean something else and are left out.
// nullopt when the spelling would be too long.
std::optional<Re2Spelling> spell_for_re2(const GrepNode& root, bool unicode_text);

// The set as a class of RE2, brackets included.
std::string re2_class(const CodeSet& set);

}  // namespace promethean::search
