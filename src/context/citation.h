// Citation: lines of one file as they are on disk, with what encloses them. Everything an answer says about a place
// comes from here, and a Citation is only ever made by reading the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "json/json.h"

namespace promethean::context {

struct Citation {
  std::string path;
  int start_line = 0;  // 1-based, inclusive
  int end_line = 0;
  std::string hash;        // base::hash8 of `text`
  std::string text;        // whole lines with their newlines
  std::string language;    // for code fences: "cpp"
  std::string symbol;      // qualified name of what encloses or fills the place; may be empty
  std::string signature;   // of the symbol, on one line; may be empty
  int symbol_line = 0;     // where its declaration starts; 0: no symbol
  int doc_start_line = 0;  // its doc comment, when that lies within the lines; 0: none
  int doc_end_line = 0;
  std::vector<int> suspicious;  // lines of the file that read like instructions to a model (suspicion.h)
  std::string why;              // "symbol", "path", "quote", "search": what led here
  double score = 0;

  std::string place() const;     // "src/a.cpp:10-20"
  std::string label() const;     // "src/a.cpp:10-20@1a2b3c4d"
  json::Object to_json() const;  // {path,startLine,endLine,hash,why,symbol?,suspicious?}
};

// A place that somebody proposes. `expected` is what it said when it was proposed; empty: not known.
struct Candidate {
  std::string path;
  int start_line = 0;
  int end_line = 0;  // 0: to the end of what encloses start_line, at most kMaxLines
  std::string expected;
  std::string why;
  double score = 0;
};

inline constexpr int kMaxLines = 60;  // of one citation

// Reads the file. Where the lines have moved they are followed; kConflict when they are gone, kNotFound when the file
// is. Blocking.
base::Result<Citation> cite(const base::RootDir& root, const Candidate& candidate);

// The lines of a text with their newlines; a last line without one counts.
std::vector<std::string_view> split_lines(std::string_view text);

}  // namespace promethean::context
