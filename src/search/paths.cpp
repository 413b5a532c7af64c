#include "search/paths.h"

#include <algorithm>

#include "base/strings.h"

namespace promethean::search {

namespace {

constexpr size_t kMaxPath = 4096;

std::string_view name_of(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

// Shared folders and name at the end, as a share of what was asked for.
double common_end(std::string_view asked, std::string_view path) {
  const auto a = base::split(asked, '/');
  const auto b = base::split(path, '/');
  size_t same = 0;
  while (same < a.size() && same < b.size() && base::iequals(a[a.size() - 1 - same], b[b.size() - 1 - same])) ++same;
  return static_cast<double>(same) / static_cast<double>(a.size());
}

double likeness(std::string_view asked, std::string_view path) {
  const std::string name = base::to_lower(name_of(asked));
  const std::string other = base::to_lower(name_of(path));
  if (name.empty()) return 0;
  const double end = common_end(asked, path);
  if (name == other) return 0.5 + 0.5 * end;
  if (other.find(name) != std::string::npos || base::to_lower(path).find(base::to_lower(asked)) != std::string::npos)
    return 0.3 + 0.2 * static_cast<double>(name.size()) / static_cast<double>(other.size());
  if (name.size() > 64 || other.size() > 64) return 0;
  const double longest = static_cast<double>(std::max(name.size(), other.size()));
  const double close = 1 - static_cast<double>(base::edit_distance(name, other)) / longest;
  return close < 0.6 ? 0 : 0.4 * close;
}

}  // namespace

std::vector<std::string> resolve_path(const Snapshot& snapshot, std::string_view path, size_t limit) {
  while (path.starts_with("./")) path.remove_prefix(2);
  while (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    auto found = path.empty() ? std::vector<std::string>() : snapshot.find_paths(path, limit);
    const size_t slash = path.find('/');
    if (!found.empty() || slash == std::string_view::npos) return found;
    path.remove_prefix(slash + 1);
  }
}

std::vector<PathCandidate> similar_paths(const Snapshot& snapshot, std::string_view path, size_t limit) {
  while (path.starts_with("./") || path.starts_with('/')) path.remove_prefix(path.find('/') + 1);
  if (path.empty() || path.size() > kMaxPath) return {};
  std::vector<PathCandidate> found;
  for (auto& file : snapshot.files()) {
    const double score = likeness(path, file);
    if (score > 0) found.push_back({std::move(file), score});
  }
  std::ranges::sort(found, [](const PathCandidate& a, const PathCandidate& b) {
    return a.score != b.score               ? a.score > b.score
           : a.path.size() != b.path.size() ? a.path.size() < b.path.size()
                                            : a.path < b.path;
  });
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace promethean::search
