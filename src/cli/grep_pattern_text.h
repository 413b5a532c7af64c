// The one pattern that grep's options make of what was typed: several -e, whole lines (-x), smart case (-S).
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace promethean::cli {

struct PatternText {
  std::string pattern;
  bool fixed = false;
  bool ignore_case = false;
};
PatternText pattern_text(const GrepOptions& options, const std::vector<std::string>& patterns);

}  // namespace promethean::cli
