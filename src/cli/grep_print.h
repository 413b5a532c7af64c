// How grep's matches look: on a terminal a heading for each file, line numbers and the matched text in colour, as
// ripgrep does; in a pipe "path:line:text", and "path-line-text" for context.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "search/grep_pattern.h"
#include "search/index.h"

namespace promethean::cli {

// One line to show.
struct ShownLine {
  int number = 0;
  std::string text;
  bool match = false;
};

// The lines of one file's matches with their context: each once, in order. `matches` are of one file, by line.
std::vector<ShownLine> lines_of(const std::vector<search::GrepMatch>& matches, int before, int after);

// Finds the matches within a line again, for colours, columns and -o. A pattern that does not compile finds none.
class LineMatcher {
 public:
  LineMatcher(const std::string& pattern, search::GrepOptions options);
  std::vector<search::TextMatch> matches_in(std::string_view line);

 private:
  std::unique_ptr<const search::GrepPattern> pattern_;
  search::GrepStop stop_;
  std::unique_ptr<search::GrepSearch> search_;
};

struct GrepStyle {
  bool heading = false;  // the path on a line of its own
  bool colour = false;
  bool terminal = false;  // control characters of the repository must not reach it
  bool path = true;
  bool numbers = true;
  bool column = false;
  bool only_matching = false;  // -o: each match on a line of its own, without the rest
  bool line_a_match = false;   // --vimgrep
  bool nul = false;            // -0: a NUL byte behind a path
  int before = 0, after = 0;   // lines of context
};

std::string grep_text(const std::vector<search::GrepMatch>& matches, const GrepStyle& style, LineMatcher& matcher);

// "path:count" for each file, and "path".
std::string grep_counts_text(const std::vector<search::GrepFileCount>& files, const GrepStyle& style);
std::string grep_files_text(const std::vector<search::GrepFileCount>& files, const GrepStyle& style);

}  // namespace promethean::cli
