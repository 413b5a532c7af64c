// The GGUF file of the local model.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/config.h"

namespace promethean::cli {

// [model] path if set, else the model that came with the program, looked for beside the executable.
// kNotFound with the places that were looked at.
base::Result<std::string> find_model_file(const Config& config);

// kNotFound, kPermissionDenied, or kInvalidArgument when the file does not begin with the GGUF magic.
base::Result<void> check_model_file(const std::string& path);

// Where the model that comes with the program may lie, in order.
std::vector<std::string> model_file_candidates(const std::string& executable);

}  // namespace promethean::cli
