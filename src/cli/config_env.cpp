#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "cli/config_keys.h"
#include "cli/config_sources.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static constexpr std::string_view kPrefix = "PROMETHEAN_";

using Environment = std::map<std::string, std::string>;

static base::Result<Setting> setting_from(const Key<Config>& key, std::string_view text, Origin origin) {
  auto value = value_from_text(key.type, text);
  if (!value) return fail(value.error().wrap(origin.where));
  return Setting{&key, *std::move(value), std::move(origin)};
}

// The variable that sets `key`: our own name first, then the older ones.
static base::Result<std::optional<Setting>> read_key(const Key<Config>& key, const Environment& environment) {
  std::vector<Alias> names = {{}};
  const std::string own = env_name(key);
  names[0].name = own;
  names.insert(names.end(), key.aliases.begin(), key.aliases.end());
  for (const auto& alias : names) {
    const auto found = environment.find(std::string(alias.name));
    if (found == environment.end() || found->second.empty()) continue;
    std::string text = found->second;
    if (alias.read != nullptr) {
      auto read = alias.read(text);
      if (!read) return fail(read.error().wrap(alias.name));
      text = *std::move(read);
    }
    auto setting = setting_from(key, text, {Origin::Source::kEnvironment, std::string(alias.name)});
    if (!setting) return fail(std::move(setting).error());
    return std::optional(*std::move(setting));
  }
  return std::optional<Setting>();
}

static std::vector<std::string> our_names() {
  std::vector<std::string> names;
  for (const auto& key : config_keys()) {
    names.push_back(env_name(key));
    for (const auto& alias : key.aliases) names.emplace_back(alias.name);
  }
  for (const auto& other : other_environment_names()) names.emplace_back(other.name);
  return names;
}

static bool in_our_section(std::string_view name) {
  const auto sections = section_names();
  return std::ranges::any_of(sections, [name](const std::string& section) {
    const std::string_view rest = name.substr(kPrefix.size());
    return rest.size() > section.size() && rest[section.size()] == '_' &&
           base::iequals(rest.substr(0, section.size()), section);
  });
}

static base::Result<void> refuse_unknown(const Environment& environment, std::vector<std::string>& warnings) {
  const auto names = our_names();
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || std::ranges::find(names, name) != names.end()) continue;
    if (in_our_section(name)) {
      return fail(Code::kInvalidArgument, fmt::format("unknown variable {}{}", name, suggestion(name, names)),
                  "docs/configuration.md lists every variable");
    }
    if (const auto near = base::nearest(name, names)) {
      warnings.push_back(fmt::format("the variable {} is not known; did you mean {}?", name, *near));
    }
  }
  return {};
}

base::Result<std::vector<Setting>> read_environment(const Environment& environment,
                                                    std::vector<std::string>& warnings) {
  auto known = refuse_unknown(environment, warnings);
  if (!known) return fail(std::move(known).error());
  std::vector<Setting> settings;
  for (const auto& key : config_keys()) {
    auto setting = read_key(key, environment);
    if (!setting) return fail(std::move(setting).error());
    if (*setting) settings.push_back(**std::move(setting));
  }
  return settings;
}

base::Result<std::vector<Setting>> read_flags(const std::vector<FlagValue>& flags) {
  std::vector<Setting> settings;
  for (const auto& flag : flags) {
    const auto* key = find_key(flag.key);
    CHECK(key != nullptr);
    auto setting = setting_from(*key, flag.value, {Origin::Source::kFlag, flag.flag});
    if (!setting) return fail(std::move(setting).error());
    settings.push_back(*std::move(setting));
  }
  return settings;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  if (const auto near = base::nearest(word, candidates)) return fmt::format(", did you mean {}?", *near);
  if (candidates.size() > 20) return {};
  return fmt::format("; valid are {}", base::join(candidates, ", "));
}

}  // namespace promethean::cli
