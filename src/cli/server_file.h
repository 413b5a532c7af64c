// How the command line finds the server of a root: serve writes one small file, the others look for it.
//
//   <state_dir>/servers/<16 hex digits of the canonical root>.json
//   {"address":"127.0.0.1:3210","pid":4711,"process":"8123456","root":"/src/app","started":"2026-11-25T00:17:21.123Z"}
//
// `process` is the start time of the pid in kernel ticks, so that a recycled pid is not taken for the server; a file
// whose process is gone, is another one, or belongs to another user counts as absent. Threads: any.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace promethean::cli {

struct RunningServer {
  std::string address;  // HOST:PORT
  int pid = 0;
  std::string root;
  std::string started;  // ISO 8601
};

// Writes the file for this process (mode 0600 in a 0700 directory).
base::Result<void> write_server_file(const std::string& state_dir, const std::string& root, const std::string& address);

// The live server of `root`, or nullopt. A damaged file counts as absent.
std::optional<RunningServer> find_server(const std::string& state_dir, const std::string& root);

// Removes the file if it is this process's own.
void remove_server_file(const std::string& state_dir, const std::string& root);

std::string server_file_path(const std::string& state_dir, const std::string& root);

}  // namespace promethean::cli
