// AuditLog: one JSON line for each run, in a file that only its owner may read (audit.jsonl, mode 0600). A line is
// written whole or not at all; at 16 MiB the file moves to audit.jsonl.1. Secrets that can be recognized are redacted;
// of the environment only names are written. Threads: any.
#pragma once

#include <mutex>
#include <string>

#include "base/error.h"
#include "json/json.h"

namespace promethean::agents {

class AuditLog {
 public:
  explicit AuditLog(std::string path) : path_(std::move(path)) {}

  // Adds the time. A run whose line cannot be written must not happen: ask before.
  base::Result<void> write(json::Object line);

 private:
  const std::string path_;
  std::mutex mutex_;
};

}  // namespace promethean::agents
