// Collector: citations in order of trust, without those whose lines have been cited already.
#pragma once

#include <vector>

#include "context/citation.h"

namespace promethean::context {

class Collector {
 public:
  void allow(size_t limit) { limit_ = limit; }  // how many citations there may be from now on
  bool full() const { return citations_.size() >= limit_; }

  // More than half of the lines has been cited.
  bool covers(const std::string& path, int start, int end) const;

  void add(Citation citation) {
    if (!full() && !covers(citation.path, citation.start_line, citation.end_line))
      citations_.push_back(std::move(citation));
  }

  std::vector<Citation> take() { return std::move(citations_); }

 private:
  size_t limit_ = 0;
  std::vector<Citation> citations_;
};

}  // namespace promethean::context
