// Question: what a user's text names exactly, before any ranking: identifiers, paths, places, quoted strings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promethean::context {

struct Place {
  std::string path;  // as written; may be only the end of a path
  int line = 0;      // 0: none
};

// Each list in order of appearance, without repeats, and bounded: a pasted log does not become a thousand look-ups.
struct Question {
  std::string text;                      // what is ranked by: the text without its code fences, if words are left
  std::vector<std::string> identifiers;  // "IgnoreSet::match", "read_file", "parseHead"
  std::vector<Place> places;             // "src/a.cpp:12", "File \"x.py\", line 3", "router.cpp"
  std::vector<std::string> quotes;       // of "…", '…' or `…`, when it is neither identifier nor path
};

Question read_question(std::string_view text);

}  // namespace promethean::context
