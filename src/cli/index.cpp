// promethean index: bring the stored index up to date, or say what it covers. Works on the store itself, also while a
// server runs for the root: the store lets one process write at a time.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/strings.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/output.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static std::string left_out_text(const search::IndexStatus& status) {
  std::vector<std::string> parts;
  for (const auto& [reason, count] : status.left_out)
    parts.push_back(fmt::format("{} {}", base::human_count(count), reason));
  return parts.empty() ? std::string() : "left out: " + base::join(parts, ", ") + "\n";
}

static json::Object status_json(const search::IndexStatus& status, const Config& config) {
  json::Object left_out;
  for (const auto& [reason, count] : status.left_out) left_out[reason] = count;
  return {{"ok", true},
          {"root", config.server.root},
          {"generation", status.generation},
          {"as_of", base::iso8601(status.as_of)},
          {"files", status.files},
          {"bytes", status.bytes},
          {"chunks", status.chunks},
          {"symbols", status.symbols},
          {"leftOut", left_out}};
}

static void print_status(const search::IndexStatus& status, const Config& config) {
  print(fmt::format("{}\n{} files, {}, {} definitions; as of {}\n{}", config.server.root,
                    base::human_count(status.files), base::human_bytes(status.bytes), base::human_count(status.symbols),
                    base::iso8601(status.as_of), left_out_text(status)));
}

static Exit show_status(const Invocation& invocation) {
  auto opened = open_index(invocation, false);
  if (!opened) return fail(std::move(opened).error());
  const auto snapshot = opened->index->snapshot();
  if (snapshot->status().generation == 0) {
    return fail(Code::kNotFound, fmt::format("{} is not indexed yet", invocation.config.server.root),
                "run `promethean index`");
  }
  if (invocation.json)
    print_json(status_json(snapshot->status(), invocation.config));
  else
    print_status(snapshot->status(), invocation.config);
  return kExitDone;
}

Exit run_index(const Invocation& invocation, const IndexOptions& options) {
  if (options.status) return show_status(invocation);
  auto opened = open_index(invocation, true);
  if (!opened) return fail(std::move(opened).error());
  const auto snapshot = opened->index->snapshot();
  const auto& report = opened->report;
  if (invocation.json) {
    json::Object document = status_json(snapshot->status(), invocation.config);
    document["added"] = report.added;
    document["changed"] = report.changed;
    document["removed"] = report.removed;
    document["unchanged"] = report.unchanged;
    document["seconds"] = report.seconds;
    document["reused"] = report.reused;
    print_json(document);
    return kExitDone;
  }
  print(fmt::format(
      "{} files in {}: {} added, {} changed, {} removed, {} unchanged\n{}", base::human_count(report.files),
      base::human_duration(report.seconds), base::human_count(report.added), base::human_count(report.changed),
      base::human_count(report.removed), base::human_count(report.unchanged), left_out_text(snapshot->status())));
  return kExitDone;
}

}  // namespace promethean::cli
