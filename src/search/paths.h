// Paths as people and programs write them, against those that are indexed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/index.h"

namespace promethean::search {

// The indexed files that a written path may mean: that path, a path that ends with it, or, for an absolute path of
// another machine, what ends with the longest end of it. At most `limit`, shortest first; empty: none.
std::vector<std::string> resolve_path(const Snapshot& snapshot, std::string_view path, size_t limit);

// Files with a name like `path`, for "did you mean": best first, score in (0, 1]. Ends that agree count most, then the
// name's distance.
struct PathCandidate {
  std::string path;
  double score = 0;
};
std::vector<PathCandidate> similar_paths(const Snapshot& snapshot, std::string_view path, size_t limit);

}  // namespace promethean::search
