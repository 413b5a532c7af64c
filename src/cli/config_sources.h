// The sources of configuration, each turned into a list of settings. config.cpp lays them over one another.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/config.h"
#include "cli/config_field.h"

namespace promethean::cli {

// One value for one key, and where it was written. Not checked yet beyond its shape.
struct Setting {
  const Key<Config>* key = nullptr;
  Value value;
  Origin origin;
};

// One [[models]] entry as written.
struct ModelEntry {
  struct Field {
    const Key<ModelConfig>* key = nullptr;
    Value value;
    std::string where;
  };
  std::string where;  // "FILE:LINE" of its [[models]]
  std::vector<Field> fields;
};

struct TomlFile {
  std::vector<Setting> settings;
  std::vector<ModelEntry> models;
};

enum class Trust { kUser, kRepository };

inline constexpr size_t kMaxConfigBytes = 1 << 20;

// config_toml.cpp. kInvalidArgument with "name:line: " in front for malformed TOML, unknown keys, values of the wrong
// shape, secrets, and what a repository's file may not set; kTooLarge over kMaxConfigBytes.
base::Result<TomlFile> read_toml(std::string_view text, const std::string& name, Trust trust);

// config_env.cpp. PROMETHEAN_<SECTION>_<KEY> before the older names; an empty variable counts as absent. Unknown names
// in one of our sections are kInvalidArgument; other unknown PROMETHEAN_ names only give a warning, since container
// platforms make up such names for a service called promethean.
base::Result<std::vector<Setting>> read_environment(const std::map<std::string, std::string>& environment,
                                                    std::vector<std::string>& warnings);

// config_env.cpp. The values of flags; CHECKs that the keys exist.
base::Result<std::vector<Setting>> read_flags(const std::vector<FlagValue>& flags);

// config_models.cpp. Fills config.models from the file's entries, the Ollama that was asked for, and the local model.
// Needs everything else in `config` to be final.
base::Result<void> resolve_models(const std::vector<ModelEntry>& entries, const Surroundings& around, Config& config);

// ", did you mean X?" for a near candidate, else the list of all of them in words.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace promethean::cli
