// Tools of a Responses request as functions of a chat, and back. Chat knows functions only, under one flat name of at
// most 64 characters of [A-Za-z0-9_-]:
//
//   {"type":"namespace","name":"mcp__db","tools":[{"type":"function","name":"query"}]}  ->  mcp__db__query
//   {"type":"custom","name":"apply_patch","format":{...}}  ->  apply_patch, whose one argument is the string `input`
//   {"type":"tool_search","execution":"client",...}  ->  tool_search, a function with its own parameters
//   {"type":"web_search"} and others that OpenAI runs itself  ->  nothing
//
//   Tools tools;
//   if (auto added = add_tools(tools, declared, "tools"); !added) ...
//   body["tools"] = tools.chat;
//   tools.names.find("mcp__db__query")->name_space;                    // "mcp__db"
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "json/json.h"

namespace promethean::llm::responses {

// A tool as the client knows it.
struct ClientTool {
  std::string name;
  std::string name_space;  // empty: none
  bool custom = false;     // takes free text, not JSON
  bool search = false;     // finds tools that were not declared; has a form of call of its own
  bool operator==(const ClientTool&) const = default;
};

// Which flat name means which tool, for one request. A name depends on the tool alone, so that prompts stay the same
// from turn to turn; only of tools whose flat names collide the later one gets a hash behind its name.
class ToolTable {
 public:
  // The flat name of a tool, new or known. What a known tool takes stays as it is.
  const std::string& chat_name(const ClientTool& tool);
  // The same for a tool that the request declares: now it is known what it takes.
  const std::string& declare(const ClientTool& tool);
  const ClientTool* find(std::string_view chat_name) const;
  const std::string* find_name(std::string_view name_space, std::string_view name) const;  // the flat name, if known
  const std::map<std::string, ClientTool, std::less<>>& all() const { return tools_; }

 private:
  std::map<std::string, ClientTool, std::less<>> tools_;              // by flat name
  std::map<std::pair<std::string, std::string>, std::string> names_;  // namespace, name -> flat name
};

struct Tools {
  json::Array chat;                             // in the order of their first declaration
  std::map<std::string, size_t> place_in_chat;  // by flat name
  ToolTable names;
};

// Adds what `declared` offers; a tool that is declared again replaces the earlier one. `where` names the array for
// errors. kInvalidArgument for a tool without a name, and the like.
base::Result<void> add_tools(Tools& tools, const json::Array& declared, const std::string& where);

// Sets `tools`, `tool_choice` and `parallel_tool_calls` of the chat body. A choice among allowed tools leaves out the
// others, since few backends know such a choice.
base::Result<void> put_tools(const Tools& tools, const json::Value& request, json::Object& body);

}  // namespace promethean::llm::responses
