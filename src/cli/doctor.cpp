// promethean doctor: what this machine has, what is missing, for which feature, and what to do.
#include <fmt/format.h>

#include "base/strings.h"
#include "cli/config_keys.h"
#include "cli/doctor_checks.h"
#include "cli/options.h"
#include "cli/output.h"

namespace promethean::cli {

namespace {

struct Examined {
  const Check* check;
  Finding finding;
};

std::string_view state_of(const Examined& examined) {
  return health_name(examined.finding.health);
}

bool is_failure(const Examined& examined) {
  return examined.check->needed && examined.finding.health == Health::kMissing;
}

Colour colour_of(Health health) {
  if (health == Health::kOk) return Colour::kGood;
  return health == Health::kWarn ? Colour::kWarn : Colour::kBad;
}

void print_finding(const Examined& examined, const Invocation& invocation) {
  const auto& [check, finding] = examined;
  print(fmt::format("{} {:<16} {}\n",
                    paint(fmt::format("{:<8}", state_of(examined)), colour_of(finding.health), invocation.color_out),
                    check->name, printable(finding.detail)));
  if (finding.health == Health::kOk && finding.advice.empty()) return;
  print(fmt::format("{:26}for {}{}\n", "", check->feature, check->needed ? " (needed)" : ""));
  for (const auto line : base::split(finding.advice, '\n')) {
    if (!line.empty()) print(fmt::format("{:26}{}\n", "", printable(line)));
  }
}

// The values that are not the defaults, and where they were set; never the secret ones.
json::Object settings_json(const Config& config) {
  json::Object settings;
  for (const auto& key : config_keys()) {
    const auto origin = config.origins.find(dotted(key));
    if (origin == config.origins.end()) continue;
    json::Object entry = {{"source", source_name(origin->second.source)}, {"where", origin->second.where}};
    entry["value"] = key.secret ? "[redacted]" : to_toml(key.get(key, config));
    settings[dotted(key)] = entry;
  }
  return settings;
}

json::Array strings_json(const std::vector<std::string>& texts) {
  json::Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

json::Value report_json(const std::vector<Examined>& all, bool healthy, const Config& config) {
  json::Array checks;
  for (const auto& examined : all) {
    checks.push_back({{"name", examined.check->name},
                      {"status", state_of(examined)},
                      {"needed", examined.check->needed},
                      {"feature", examined.check->feature},
                      {"detail", examined.finding.detail},
                      {"advice", examined.finding.advice}});
  }
  return {{"ok", healthy},
          {"version", PROMETHEAN_VERSION},
          {"root", config.server.root},
          {"stateDir", config.server.state_dir},
          {"files", strings_json(config.files)},
          {"settings", settings_json(config)},
          {"warnings", strings_json(config.warnings)},
          {"checks", checks}};
}

void print_report(const std::vector<Examined>& all, bool healthy, const Invocation& invocation) {
  for (const auto& warning : invocation.config.warnings) {
    print(fmt::format("{} {:<16} {}\n", paint("warn    ", Colour::kWarn, invocation.color_out), "configuration",
                      printable(warning)));
  }
  for (const auto& examined : all) print_finding(examined, invocation);
  print(healthy ? "\nWhat is needed is there.\n" : "\nSomething that is needed is missing.\n");
}

}  // namespace

Exit run_doctor(const Invocation& invocation, const DoctorOptions&) {
  std::vector<Examined> all;
  for (const auto& check : doctor_checks()) all.push_back({&check, check.run(invocation.config)});
  const bool healthy = std::ranges::none_of(all, is_failure);
  if (invocation.json)
    print_json(report_json(all, healthy, invocation.config));
  else
    print_report(all, healthy, invocation);
  return healthy ? kExitDone : kExitFailed;
}

}  // namespace promethean::cli
