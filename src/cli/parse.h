// argv -> a command of the table with its options filled in.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"

namespace promethean::cli {

// What argv asked for that is no command: text for stdout (--help, --version).
struct HelpText {
  std::string text;
};

// kInvalidArgument for wrong use, with the nearest command or option as its hint.
base::Result<std::variant<const Command*, HelpText>> parse(int argc, const char* const* argv,
                                                           const std::vector<Command>& table, Arguments& arguments);

}  // namespace promethean::cli
