// A command written as one line, taken apart as a POSIX shell would its plain words: blanks part them, '…' holds all
// literally, "…" all but \" \\ \$ \`, a backslash the next character. Nothing is expanded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace promethean::agents {

// kInvalidArgument about `command` for an open quote, no word at all, more than 10,000 words, a NUL byte, and for what
// only a shell can do (| & ; < > ` $( and line feeds outside quotes), which would otherwise be passed on as words
// without a warning.
base::Result<std::vector<std::string>> split_command(std::string_view line);

}  // namespace promethean::agents
