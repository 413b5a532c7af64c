#include "context/collector.h"

#include <algorithm>

namespace promethean::context {

bool Collector::covers(const std::string& path, int start, int end) const {
  return std::ranges::any_of(citations_, [&](const Citation& c) {
    if (c.path != path) return false;
    const int common = std::min(c.end_line, end) - std::max(c.start_line, start) + 1;
    return common * 2 > end - start + 1;
  });
}

}  // namespace promethean::context
