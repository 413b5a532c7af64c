// The table of keys: everything that can be configured is one row here, and nothing else is.
//
// To add a key: a field in config.h with its default, a row in config_keys.cpp, then rewrite docs/configuration.md
// (UPDATE_DOCS=1 cli_tests --gtest_filter='ConfigurationDoc.*').
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"
#include "cli/config_field.h"

namespace promethean::cli {

const std::vector<Key<Config>>& config_keys();      // by section, in the order of the documentation
const std::vector<Key<ModelConfig>>& model_keys();  // of a [[models]] entry

const Key<Config>* find_key(std::string_view section, std::string_view name);
const Key<Config>* find_key(std::string_view dotted);  // "server.listen"
std::vector<std::string> section_names();

template <class T>
std::string dotted(const Key<T>& key) {
  return std::string(key.section).append(key.section.empty() ? "" : ".").append(key.name);
}

std::string env_name(const Key<Config>& key);  // "PROMETHEAN_SERVER_LISTEN"

// Names in the environment that are ours but no key: the credential of the command line, the keys of model services.
struct EnvironmentName {
  std::string_view name;
  std::string_view doc;
};
const std::vector<EnvironmentName>& other_environment_names();

}  // namespace promethean::cli
