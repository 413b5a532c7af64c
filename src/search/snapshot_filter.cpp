#include "search/snapshot_filter.h"

#include <algorithm>

namespace promethean::search {

namespace {

bool beneath(const std::string& prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

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

}  // namespace

FileFilter::FileFilter(Kind kind, const std::vector<std::string>& paths) : kind_(kind) {
  std::string globs, not_globs;
  for (std::string_view path : paths) {
    const bool negated = path.starts_with('!');
    if (negated) path.remove_prefix(1);
    while (path.starts_with("./")) path.remove_prefix(2);
    while (path.starts_with('/') || path.ends_with('/')) {
      path = path.starts_with('/') ? path.substr(1) : path.substr(0, path.size() - 1);
    }
    if (path.empty() || path == ".") continue;
    if (!negated) everything_ = false;
    if (path.find_first_of("*?[\\") == std::string_view::npos) {
      (negated ? not_prefixes_ : prefixes_).emplace_back(path);
    } else {
      (negated ? not_globs : globs).append(path).append("\n");
    }
  }
  globs_ = repo::IgnoreRules::parse(globs);
  not_globs_ = repo::IgnoreRules::parse(not_globs);
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
  const auto holds = [path](const std::string& prefix) { return beneath(prefix, path); };
  if (std::ranges::any_of(not_prefixes_, holds) || held_by(not_globs_, path)) return false;
  return everything_ || std::ranges::any_of(prefixes_, holds) || held_by(globs_, path);
}

bool FileFilter::accepts(std::string_view path, const FileRecord& record) const {
  return is_kind(kind_, static_cast<Role>(record.role)) && accepts_path(path);
}

}  // namespace promethean::search
