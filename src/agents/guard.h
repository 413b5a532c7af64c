// Guard: patterns of commands that nobody means to run through a bridge. A last warning and never the protection:
// anybody can write the same otherwise.
#pragma once

#include <optional>
#include <string_view>

namespace promethean::agents {

// What the command would do ("removes directories from the root"), or nothing.
std::optional<std::string_view> guarded(std::string_view command);

}  // namespace promethean::agents
