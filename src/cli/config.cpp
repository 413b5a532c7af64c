#include "cli/config.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/fd.h"
#include "base/strings.h"
#include "cli/config_keys.h"
#include "cli/config_sources.h"

extern char** environ;

namespace promethean::cli {

using base::Code;
using base::fail;

static constexpr const char* kFileName = "promethean.toml";

Surroundings Surroundings::of_process() {
  Surroundings around;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    around.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  if (!around.environment.contains("HOME")) {
    if (const passwd* user = getpwuid(geteuid()); user != nullptr) around.environment["HOME"] = user->pw_dir;
  }
  std::error_code error;
  around.working_dir = std::filesystem::current_path(error).string();
  return around;
}

static std::string variable(const Surroundings& around, const char* name) {
  const auto found = around.environment.find(name);
  return found == around.environment.end() ? std::string() : found->second;
}

// An XDG base directory; the specification says that a relative one is to be ignored. Empty without a HOME.
static std::string xdg_dir(const Surroundings& around, const char* name, std::string_view below_home) {
  const std::string set = variable(around, name);
  if (set.starts_with('/')) return set + "/promethean";
  const std::string home = variable(around, "HOME");
  return home.empty() ? std::string() : fmt::format("{}/{}/promethean", home, below_home);
}

static std::string absolute(const std::string& path, const Surroundings& around) {
  if (path.empty()) return path;
  if (path.starts_with("~/")) return variable(around, "HOME") + path.substr(1);
  return (std::filesystem::path(around.working_dir) / path).lexically_normal().string();
}

static base::Result<void> apply(const std::vector<Setting>& settings, Config& config) {
  for (const auto& setting : settings) {
    const std::string name = dotted(*setting.key);
    if (setting.key->type == Type::kNotUsed) {
      config.warnings.push_back(fmt::format("{}: {} is not used by this version", setting.origin.where, name));
      continue;
    }
    auto done = setting.key->set(*setting.key, config, setting.value);
    if (!done) {
      const std::string& where = setting.origin.where;
      const bool in_file = setting.origin.source <= Origin::Source::kUserFile;
      return fail(done.error().wrap(in_file ? fmt::format("{}: {}", where, name) : where));
    }
    config.origins[name] = setting.origin;
  }
  return {};
}

struct Layers {
  std::vector<Setting> root_file;
  TomlFile user_file;
  std::vector<Setting> environment;
  std::vector<Setting> flags;
};

static base::Result<void> apply_all(const Layers& layers, Config& config) {
  for (const auto* settings : {&layers.root_file, &layers.user_file.settings, &layers.environment, &layers.flags}) {
    auto done = apply(*settings, config);
    if (!done) return done;
  }
  return {};
}

// The user's own file. One that was named must be there; the usual one may be absent.
static base::Result<TomlFile> read_user_file(const std::string& named, const Surroundings& around, Config& config) {
  std::string path = absolute(named, around);
  if (named.empty()) {
    const std::string dir = xdg_dir(around, "XDG_CONFIG_HOME", ".config");
    path = dir.empty() ? std::string() : dir + "/" + kFileName;
  }
  if (path.empty()) return TomlFile{};
  auto text = base::read_file(path, kMaxConfigBytes);
  if (!text && text.error().code() == Code::kNotFound && named.empty()) return TomlFile{};
  if (!text) return fail(text.error().wrap("the configuration file"));
  config.files.push_back(path);
  return read_toml(*text, path, Trust::kUser);
}

static bool is_same_file(int fd, const std::string& path) {
  struct stat a{};
  struct stat b{};
  return fstat(fd, &a) == 0 && stat(path.c_str(), &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// The file in the root, opened so that no link leads out of it. A file that the user named himself was read already.
static base::Result<std::vector<Setting>> read_root_file(Config& config) {
  auto root = base::RootDir::open(config.server.root);
  if (!root) return fail(root.error().wrap(fmt::format("the root {}", config.server.root)));
  config.server.root = root->path();
  auto file = root->open_file(kFileName);
  if (!file && file.error().code() == Code::kNotFound) return std::vector<Setting>();
  if (!file) return fail(file.error().wrap("the repository's configuration file"));
  for (const auto& known : config.files) {
    if (is_same_file(file->get(), known)) return std::vector<Setting>();
  }
  const std::string path = root->path() + "/" + kFileName;
  auto text = root->read_file(kFileName, kMaxConfigBytes);
  if (!text) return fail(text.error().wrap("the repository's configuration file"));
  config.files.insert(config.files.begin(), path);
  auto read = read_toml(*text, path, Trust::kRepository);
  if (!read) return fail(std::move(read).error());
  return std::move(read->settings);
}

// Where the root is must be known before the file in it can be read, and that file lies below the others.
static base::Result<void> apply_with_root(const Surroundings& around, Layers& layers, Config& config) {
  Config first = config;
  auto found = apply_all(layers, first);
  if (!found) return found;
  config.server.root = absolute(first.server.root, around);
  auto root_file = read_root_file(config);
  if (!root_file) return fail(std::move(root_file).error());
  layers.root_file = *std::move(root_file);

  const std::string root = config.server.root;
  auto applied = apply_all(layers, config);
  config.server.root = root;
  return applied;
}

static base::Result<void> make_absolute(const Surroundings& around, Config& config) {
  if (config.server.state_dir.empty()) config.server.state_dir = xdg_dir(around, "XDG_STATE_HOME", ".local/state");
  if (config.server.state_dir.empty()) {
    return fail(Code::kInvalidArgument, "no place for the state: neither XDG_STATE_HOME nor HOME is set",
                "name one with --state-dir");
  }
  for (std::string* path : {&config.server.state_dir, &config.server.upstream_ca_file, &config.log.file,
                            &config.model.path, &config.artifacts.directory})
    *path = absolute(*path, around);
  if (config.artifacts.directory.empty()) config.artifacts.directory = config.server.state_dir + "/docs";
  return {};
}

static base::Result<void> check_auth(Config& config) {
  if (config.auth.mode == AuthMode::kToken) return {};
  if (!is_loopback(config.server.listen.host)) {
    return fail(Code::kInvalidArgument,
                fmt::format("{}: mode none is for loopback addresses, not {}", config.origins.at("auth.mode").where,
                            to_string(config.server.listen)),
                "use auth.mode = \"token\", or listen on 127.0.0.1");
  }
  config.warnings.push_back(fmt::format("{}: no credential is asked for, every local process may do everything",
                                        config.origins.at("auth.mode").where));
  return {};
}

base::Result<Config> load_config(const LoadRequest& request, const Surroundings& around) {
  Config config;
  Layers layers;
  auto user_file = read_user_file(request.config_file, around, config);
  if (!user_file) return fail(std::move(user_file).error());
  layers.user_file = *std::move(user_file);
  auto environment = read_environment(around.environment, config.warnings);
  if (!environment) return fail(std::move(environment).error());
  layers.environment = *std::move(environment);
  auto flags = read_flags(request.flags);
  if (!flags) return fail(std::move(flags).error());
  layers.flags = *std::move(flags);

  auto applied = request.with_root ? apply_with_root(around, layers, config) : apply_all(layers, config);
  if (!applied) return fail(std::move(applied).error());
  auto placed = make_absolute(around, config);
  if (!placed) return fail(std::move(placed).error());
  auto auth = check_auth(config);
  if (!auth) return fail(std::move(auth).error());
  auto models = resolve_models(layers.user_file.models, around, config);
  if (!models) return fail(std::move(models).error());
  return config;
}

std::string_view source_name(Origin::Source source) {
  switch (source) {
    case Origin::Source::kDefault:
      return "default";
    case Origin::Source::kRootFile:
      return "root_file";
    case Origin::Source::kUserFile:
      return "user_file";
    case Origin::Source::kEnvironment:
      return "environment";
    case Origin::Source::kFlag:
      return "flag";
  }
  return "";
}

}  // namespace promethean::cli
