#include "repo/scopes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/strings.h"
#include "repo/git_dir.h"

namespace promethean::repo {

namespace {

constexpr size_t kMaxRulesBytes = 4 << 20;

// The rules of a directory's own file. git refuses a .gitignore that is a symbolic link; so do we.
IgnoreRules read_rules(const base::RootDir& root, const std::string& path, bool ignore_case) {
  const auto fd = root.open_file(path, O_RDONLY | O_NOFOLLOW);
  if (!fd) return {};
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  const auto text = base::read_all(fd->get(), kMaxRulesBytes, path);
  return text ? IgnoreRules::parse(*text, ignore_case) : IgnoreRules();
}

}  // namespace

IgnoreScope::Ptr scope_above(const base::RootDir& root, const std::vector<std::string>& exclude_globs) {
  auto scope = IgnoreScope::outermost(IgnoreRules::parse(base::join(exclude_globs, "\n")));
  const auto top = find_worktree_top(root.path());
  if (!top || *top == root.path()) return scope;
  const GitExcludes excludes = read_git_excludes(*git_common_dir(*top));
  for (size_t end = top->size(); end != std::string::npos && end < root.path().size();
       end = root.path().find('/', end + 1)) {
    IgnoreScope::Layer layer;
    layer.above = root.path().substr(end + 1) + "/";
    layer.ignore_case = excludes.ignore_case;
    const auto text = base::read_file(root.path().substr(0, end) + "/.gitignore", kMaxRulesBytes);
    if (text) layer.gitignore = IgnoreRules::parse(*text, excludes.ignore_case);
    if (end == top->size()) {
      layer.repository_top = true;
      layer.info_exclude = excludes.info_exclude;
      layer.global_exclude = excludes.global_exclude;
    }
    scope = IgnoreScope::below(std::move(scope), std::move(layer));
  }
  return scope;
}

RuleFiles rule_files(const base::RootDir& root, const std::string& directory) {
  const auto has = [&](const char* name) {
    return static_cast<bool>(root.open_file(directory.empty() ? name : directory + "/" + name, O_PATH | O_NOFOLLOW));
  };
  return {has(".git"), has(".gitignore"), has(".ignore")};
}

IgnoreScope::Ptr scope_in(const base::RootDir& root, const std::string& directory, IgnoreScope::Ptr above,
                          const RuleFiles& has) {
  if (!has.git && !has.gitignore && !has.ignore) return above;
  IgnoreScope::Layer layer;
  layer.directory = directory;
  const std::string prefix = directory.empty() ? "" : directory + "/";
  bool ignore_case = above->ignore_case();
  if (has.git) {
    if (const auto git = git_common_dir(root.path() + "/" + directory)) {
      GitExcludes excludes = read_git_excludes(*git);
      layer.repository_top = true;
      layer.info_exclude = std::move(excludes.info_exclude);
      layer.global_exclude = std::move(excludes.global_exclude);
      ignore_case = excludes.ignore_case;
    }
  }
  layer.ignore_case = ignore_case;
  if (has.gitignore) layer.gitignore = read_rules(root, prefix + ".gitignore", ignore_case);
  if (has.ignore) layer.ignore = read_rules(root, prefix + ".ignore", ignore_case);
  return IgnoreScope::below(std::move(above), std::move(layer));
}

IgnoreScope::Ptr scope_of(const base::RootDir& root, const std::string& directory,
                          const std::vector<std::string>& exclude_globs) {
  auto scope = scope_above(root, exclude_globs);
  const auto enter = [&](const std::string& path) {
    scope = scope_in(root, path, std::move(scope), rule_files(root, path));
  };
  enter("");
  std::string path;
  for (const std::string_view part : base::split(directory, '/')) {
    if (part.empty()) continue;
    path += (path.empty() ? "" : "/") + std::string(part);
    enter(path);
  }
  return scope;
}

}  // namespace promethean::repo
