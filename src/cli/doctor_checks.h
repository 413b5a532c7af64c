// What doctor looks at: one small function a check, listed in one table. A check changes nothing that outlives it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"
#include "json/json.h"

namespace promethean::cli {

enum class Health { kOk, kWarn, kMissing };
std::string_view health_name(Health health);  // "ok" "warn" "missing"

struct Finding {
  Health health = Health::kOk;
  std::string detail;  // what was seen
  std::string advice;  // what to do about it; may have several lines; empty when ok
};

struct Check {
  std::string_view name;     // "model"
  std::string_view feature;  // what it is for: "answers by the local model"
  bool needed = false;       // promethean cannot do its work without it
  Finding (*run)(const Config& config) = nullptr;
};

const std::vector<Check>& doctor_checks();

// The parts that need no machine, for tests.

// What /api/tags of an Ollama (docs/api.md, "List Local Models") offers: the names of its models.
std::vector<std::string> ollama_model_names(const json::Value& tags);

// [[models]] lines to paste into the configuration.
std::string ollama_models_toml(const std::vector<std::string>& names, const std::string& url);

// "v2", "v1" or "hybrid", from the text of /proc/self/cgroup (cgroups(7)); the path of the v2 group, "" without one.
struct CgroupMode {
  std::string mode;
  std::string v2_path;
  std::vector<std::string> v1_controllers;
};
CgroupMode parse_cgroup(std::string_view text);

// The checks that would make one file too long; each family in a file of its own.
Finding check_user_namespaces(const Config& config);  // doctor_jail.cpp
Finding check_jail(const Config& config);
Finding check_cgroup(const Config& config);
Finding check_inotify(const Config& config);
Finding check_files(const Config& config);
Finding check_ollama(const Config& config);  // doctor_services.cpp
Finding check_postgres(const Config& config);
Finding check_git(const Config& config);

}  // namespace promethean::cli
