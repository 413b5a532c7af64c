// GrepPattern: a pattern with its options, compiled: RE2 behind a literal filter. Finds matches in one text.
//
// Threads: immutable once compiled; any thread may search.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "search/grep_finder.h"
#include "search/index.h"

namespace promethean::search {

class GrepPattern {
 public:
  static constexpr size_t kMaxPatternBytes = 16 << 10;
  static constexpr int64_t kMaxMemory = 64 << 20;  // of RE2's program and its cached states

  // kInvalidArgument with RE2's words for what it does not accept.
  static base::Result<std::unique_ptr<GrepPattern>> compile(std::string_view pattern, const GrepOptions& options);

  struct Match {
    size_t begin = 0;
    size_t end = 0;
  };

  // The matches of one text, in order. `ascii` says that all its bytes are. A byte order mark is no part of the first
  // line, as in ripgrep, but offsets count it.
  class Search {
   public:
    Search(const GrepPattern& pattern, std::string_view text, bool ascii);
    // Line by line: the first match of the next line at or after `from` that has one. `from` is the begin of a line.
    std::optional<Match> next_line(size_t from);
    // Over the whole text: the next match that begins at or after `from`.
    std::optional<Match> next(size_t from);

   private:
    std::optional<Match> find_line(size_t from) const;
    std::optional<Match> find(size_t from) const;

    const GrepPattern& pattern_;
    std::string_view text_;  // without its mark
    size_t mark_ = 0;        // size of the mark
    const LiteralFinder* finder_ = nullptr;
  };

 private:
  GrepPattern() = default;
  base::Result<void> build_regex(std::string_view pattern, const GrepOptions& options, bool ignore_case);
  std::optional<Match> match(std::string_view text, size_t from) const;

  std::unique_ptr<re2::RE2> regex_;      // null when the literal says it all
  std::optional<LiteralFinder> finder_;  // none: every line must be looked at
  size_t literal_size_ = 0;              // of the only literal, when regex_ is null
  int group_ = 0;                        // the capture that is the match
  bool fold_needs_ascii_ = false;        // a letter of the literals has a fold outside ASCII
};

}  // namespace promethean::search
