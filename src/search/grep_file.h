// FileGrep: what a pattern finds in one file, as lines with their windows or as a count.
#pragma once

#include <vector>

#include "search/grep_pattern.h"
#include "search/segment.h"

namespace promethean::search {

// One thread's. Refers to what it is made of.
class FileGrep {
 public:
  FileGrep(const GrepPattern& pattern, const GrepOptions& options, const GrepStop& stop);

  struct File {
    std::string_view path;
    const FileText& text;
  };
  // Appends at most `limit` matches, or, with `count`, counts up to `limit` of them instead.
  void run(const File& file, size_t limit, std::vector<GrepMatch>* matches);
  uint64_t count(const File& file, size_t limit);
  bool hit_limit() const { return search_.hit_limit(); }

 private:
  // From the first to the last byte of a match, and the lines of the two.
  struct Span {
    TextMatch match;
    size_t first = 0, last = 0;
    uint32_t first_line = 0, last_line = 0;
    size_t begin = 0, end = 0;  // of these lines, the last newline included
  };
  // Calls take(span) for each, in order, until it says false.
  template <class Take>
  void spans(const FileText& file, Take take);
  template <class Take>
  void spans_by_line(const FileText& file, Take take);
  template <class Take>
  void spans_by_text(const FileText& file, Take take);
  template <class Take>
  void spans_without(const FileText& file, Take take);
  GrepMatch make(const File& file, const Span& span) const;
  void set_window(std::string_view text, const Span& span, GrepMatch* match) const;

  const GrepOptions& options_;
  const GrepStop& stop_;
  const bool by_line_;
  GrepSearch search_;
};

}  // namespace promethean::search
