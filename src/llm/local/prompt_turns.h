// PromptTurn: a message as a chat template is given it. Here is what templates leave to whoever calls them: content in
// parts, other words for a role, and tools for models whose template knows none.
#pragma once

#include <string>
#include <vector>

#include "json/json.h"

namespace promethean::llm::local {

struct PromptTurn {
  std::string role;
  std::string text;
  json::Object others;  // the message's other members: tool_calls, tool_call_id, name
};

// kInvalidArgument when a message has a part other than text.
base::Result<std::vector<PromptTurn>> turns_of(const json::Array& messages);

// For a template without a system role: its text goes in front of the message after it.
void fold_system(std::vector<PromptTurn>& turns);

// For a template without tools, or with another form of calls than tool_calls.h: the system text says which tools there
// are and how to call them, calls stand in the assistant's text, what tools answered comes as the user's.
void write_out_tools(std::vector<PromptTurn>& turns, const json::Array& tools);

// The arguments of each call as the value that their text stands for.
json::Object with_parsed_arguments(json::Object others);

}  // namespace promethean::llm::local
