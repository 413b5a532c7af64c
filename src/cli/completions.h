// The completion scripts, as text; made from the command table.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"

namespace promethean::cli {

std::string bash_completions(const std::vector<Command>& table);
std::string zsh_completions(const std::vector<Command>& table);

}  // namespace promethean::cli
