#include "repo/git_dir.h"

#include <sys/stat.h>

#include <cstdlib>

#include "base/fd.h"
#include "base/strings.h"

namespace promethean::repo {

namespace {

constexpr size_t kSmallFile = 64 << 10;
constexpr size_t kRulesFile = 4 << 20;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool is_directory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

std::string resolve(const std::string& base, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : base + "/" + std::string(path);
}

// The two values of [core] that matter here. Includes are not followed.
struct CoreConfig {
  std::optional<std::string> excludes_file;
  std::optional<bool> ignore_case;
};

std::string unquote(std::string_view value) {
  std::string out;
  bool quoted = false;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (value[i] == '#' || value[i] == ';')) {
      break;
    } else if (value[i] == '\\' && i + 1 < value.size()) {
      out += value[++i];
    } else {
      out += value[i];
    }
  }
  return std::string(base::trim(out));
}

void read_core_config(const std::string& path, CoreConfig* config) {
  const auto text = base::read_file(path, kRulesFile);
  if (!text) return;
  bool in_core = false;
  for (std::string_view line : base::split(*text, '\n')) {
    line = base::trim(line);
    if (line.starts_with('[')) {
      in_core = base::iequals(line.substr(0, line.find(']') + 1), "[core]");
      continue;
    }
    const size_t equals = line.find('=');
    const std::string_view key = base::trim(line.substr(0, equals));
    const std::string value = equals == std::string_view::npos ? "true" : unquote(base::trim(line.substr(equals + 1)));
    if (!in_core || key.empty()) continue;
    if (base::iequals(key, "excludesfile")) config->excludes_file = value;
    if (base::iequals(key, "ignorecase"))
      config->ignore_case = value == "true" || value == "1" || value == "yes" || value == "on";
  }
}

IgnoreRules read_rules(const std::string& path, bool ignore_case) {
  const auto text = base::read_file(path, kRulesFile);
  return text ? IgnoreRules::parse(*text, ignore_case) : IgnoreRules();
}

}  // namespace

std::optional<std::string> git_common_dir(const std::string& directory) {
  std::string git = directory + "/.git";
  if (!is_directory(git)) {
    const auto text = base::read_file(git, kSmallFile);
    if (!text || !text->starts_with("gitdir:")) return std::nullopt;
    git = resolve(directory, base::trim(std::string_view(*text).substr(7)));
  }
  const auto common = base::read_file(git + "/commondir", kSmallFile);
  if (common) git = resolve(git, base::trim(*common));
  // An empty `.git` folder makes no repository; git looks for the same three things.
  if (!exists(git + "/HEAD") || !is_directory(git + "/objects") || !is_directory(git + "/refs")) return std::nullopt;
  return git;
}

GitExcludes read_git_excludes(const std::string& common_dir) {
  const std::string home = environment("HOME");
  const std::string xdg = environment("XDG_CONFIG_HOME");
  const std::string user_config = xdg.empty() ? home + "/.config" : xdg;
  CoreConfig config;
  read_core_config("/etc/gitconfig", &config);
  read_core_config(user_config + "/git/config", &config);
  read_core_config(home + "/.gitconfig", &config);
  read_core_config(common_dir + "/config", &config);

  GitExcludes excludes;
  excludes.ignore_case = config.ignore_case.value_or(false);
  std::string global = config.excludes_file.value_or(user_config + "/git/ignore");
  if (global.starts_with("~/")) global = home + global.substr(1);
  excludes.global_exclude = read_rules(global, excludes.ignore_case);
  excludes.info_exclude = read_rules(common_dir + "/info/exclude", excludes.ignore_case);
  return excludes;
}

std::optional<std::string> find_worktree_top(const std::string& directory) {
  for (std::string at = directory; !at.empty(); at.resize(at.rfind('/'))) {
    if (git_common_dir(at)) return at;
  }
  return std::nullopt;
}

}  // namespace promethean::repo
