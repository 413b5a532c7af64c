// The strings that a pattern cannot do without.
#pragma once

#include <string>
#include <vector>

#include "search/grep_ast.h"

namespace promethean::search {

struct GrepLiteral {
  std::string text;     // lower case where `fold`
  bool fold = false;    // ASCII letters match in both cases
  bool wide = false;    // and k or s of it may stand as U+212A or U+017F
  bool strict = false;  // has letters that match in one case only
};

// Strings of which at least one is in every match; empty when there are none worth looking for.
struct RequiredLiterals {
  std::vector<GrepLiteral> any_of;
  // The pattern is these strings and nothing else, the one named first wins where two begin at one place.
  bool whole = false;
};
RequiredLiterals required_literals(const GrepNode& root);

}  // namespace promethean::search
