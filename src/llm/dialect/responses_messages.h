// The items of a conversation as chat messages. What the model said in a row (reasoning, text, calls) is one assistant
// message, and the outputs of its calls stand right behind it, whatever lies between them in the items; a call without
// an output and an output without a call are completed, so that every backend takes the result.
//
//   const json::Array messages = to_messages(instructions, items, table);
#pragma once

#include <string_view>
#include <vector>

#include "llm/dialect/responses_tools.h"

namespace promethean::llm::responses {

// `items` come from read_items. Calls are named by `names`, which learns of tools that are no longer offered. Always at
// least one message that is not the system's.
json::Array to_messages(std::string_view instructions, const std::vector<const json::Value*>& items, ToolTable& names);

}  // namespace promethean::llm::responses
