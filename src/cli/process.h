// Runs a short program and waits for it: the probes of doctor.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace promethean::cli {

struct Finished {
  int exit_code = 0;   // 128 + the signal when one ended it
  std::string output;  // stdout and stderr, the first 16 KiB
};

// `argv[0]` is looked up in PATH; stdin is empty. kNotFound without such a program; kDeadlineExceeded after `within`,
// when it has been killed. Blocks.
base::Result<Finished> run_program(const std::vector<std::string>& argv, std::chrono::milliseconds within);

// The file that PATH gives for `name`.
std::optional<std::string> find_program(const std::string& name);

}  // namespace promethean::cli
