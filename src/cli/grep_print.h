// How grep's matches look: on a terminal a heading for each file, line numbers and the matched text in colour, as
// ripgrep does; in a pipe "path:line:text", and "path-line-text" for context.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "search/index.h"

namespace promethean::cli {

// One line to show.
struct ShownLine {
  int number = 0;
  std::string text;
  bool match = false;
};

// The lines of one file's matches with their context: each once, in order. `matches` are of one file, by line.
std::vector<ShownLine> lines_of(const std::vector<search::GrepMatch>& matches, int context);

struct GrepStyle {
  bool heading = false;  // the path on a line of its own
  bool colour = false;
};

std::string grep_text(const std::vector<search::GrepMatch>& matches, const GrepOptions& options,
                      const GrepStyle& style);

// "path:count" for each file.
std::string grep_counts_text(const std::vector<search::GrepMatch>& matches, const GrepStyle& style);

}  // namespace promethean::cli
