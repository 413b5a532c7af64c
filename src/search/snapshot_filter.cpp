#include "search/snapshot_filter.h"

#include <algorithm>

namespace promethean::search {

namespace {

bool beneath(const std::string& prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

bool is_kind(Kind kind, Role role) {
  switch (kind) {
    case Kind::kAll:
      return true;
    case Kind::kCode:
      return role == Role::kCode;
    case Kind::kDocs:
      return role == Role::kDocs;
    case Kind::kTests:
      return role == Role::kTests;
  }
  return true;
}

OverrideGlobs::OverrideGlobs(const std::vector<std::string>& globs) {
  std::string lines;
  for (const std::string& glob : globs) {
    takes_in_ = takes_in_ || !glob.starts_with('!');
    for (const std::string& expanded : expand_braces(glob)) lines.append(expanded).append("\n");
  }
  rules_ = repo::IgnoreRules::parse(lines);
}

bool OverrideGlobs::accepts(std::string_view path) const {
  if (empty()) return true;
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    if (rules_.match(path.substr(0, slash), true) == repo::Verdict::kKept) return false;
  }
  const auto verdict = rules_.match(path, false);
  return verdict == repo::Verdict::kIgnored || (verdict == repo::Verdict::kNone && !takes_in_);
}

std::vector<std::string> expand_braces(std::string_view glob) {
  constexpr size_t kMaxGlobs = 256;
  const size_t open = glob.find('{');
  size_t depth = 0, close = std::string_view::npos;
  std::vector<size_t> cuts{open};
  for (size_t i = open; i < glob.size() && close == std::string_view::npos; ++i) {
    if (glob[i] == '{') ++depth;
    if (glob[i] == ',' && depth == 1) cuts.push_back(i);
    if (glob[i] == '}' && --depth == 0) close = i;
  }
  if (close == std::string_view::npos) return {std::string(glob)};
  cuts.push_back(close);
  std::vector<std::string> all;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    std::string one(glob.substr(0, open));
    one += glob.substr(cuts[i] + 1, cuts[i + 1] - cuts[i] - 1);
    one += glob.substr(close + 1);
    for (std::string& expanded : expand_braces(one)) {
      if (all.size() < kMaxGlobs) all.push_back(std::move(expanded));
    }
    if (all.size() == kMaxGlobs) break;
  }
  return all;
}

FileFilter::FileFilter(Kind kind, const std::vector<std::string>& paths, std::string_view root) : kind_(kind) {
  for (const std::string& path : paths) add(path, root);
  globs_ = repo::IgnoreRules::parse(glob_lines_);
  not_globs_ = repo::IgnoreRules::parse(not_glob_lines_);
}

void FileFilter::add(std::string_view path, std::string_view root) {
  const bool negated = path.starts_with('!');
  if (negated) path.remove_prefix(1);
  if (!root.empty() && path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/')) {
    path.remove_prefix(root.size());
  }
  while (path.starts_with("./")) path.remove_prefix(2);
  const bool anchored = path.starts_with('/');
  while (path.starts_with('/') || path.ends_with('/')) {
    path = path.starts_with('/') ? path.substr(1) : path.substr(0, path.size() - 1);
  }
  while (path.ends_with("/.")) path.remove_suffix(2);
  if (path.empty() || path == ".") return;
  if (path.find_first_of("*?[\\{") == std::string_view::npos) {
    if (!negated) any_place_ = false;
    (negated ? not_prefixes_ : prefixes_).emplace_back(path);
    return;
  }
  for (const std::string& glob : expand_braces(path)) {
    (negated ? not_glob_lines_ : glob_lines_).append(anchored ? "/" : "").append(glob).append("\n");
  }
}

bool FileFilter::everything() const {
  return kind_ == Kind::kAll && any_place_ && globs_.empty() && not_globs_.empty() && not_prefixes_.empty();
}

bool FileFilter::named(std::string_view path) const {
  return std::ranges::any_of(prefixes_, [path](const std::string& prefix) { return beneath(prefix, path); });
}

bool FileFilter::held_by(const repo::IgnoreRules& rules, std::string_view path) const {
  if (rules.empty()) return false;
  if (rules.match(path, false) == repo::Verdict::kIgnored) return true;
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    if (rules.match(path.substr(0, slash), true) == repo::Verdict::kIgnored) return true;
  }
  return false;
}

bool FileFilter::accepts_path(std::string_view path) const {
  if (!any_place_ && !named(path)) return false;
  if (!globs_.empty() && !held_by(globs_, path)) return false;
  const auto holds = [path](const std::string& prefix) { return beneath(prefix, path); };
  return std::ranges::none_of(not_prefixes_, holds) && !held_by(not_globs_, path);
}

bool FileFilter::accepts(std::string_view path, Role role) const {
  return is_kind(kind_, role) && accepts_path(path);
}

}  // namespace promethean::search
