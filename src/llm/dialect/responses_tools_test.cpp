#include "llm/dialect/responses_tools.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "llm/dialect/testing.h"

namespace promethean::llm::responses {
namespace {

Tools tools_of(std::string_view text) {
  Tools tools;
  const auto added = add_tools(tools, json_of(text).as_array(), "tools");
  EXPECT_TRUE(added) << added.error().message();
  return tools;
}

std::vector<std::string> chat_names(const json::Value& tools) {
  std::vector<std::string> names;
  for (const auto& tool : tools.as_array()) names.emplace_back(tool.at("function").at("name").get_string());
  return names;
}

// The field that is wrong in `tools`; "" when all is well.
std::string wrong_tool(std::string_view text) {
  Tools tools;
  const auto added = add_tools(tools, json_of(text).as_array(), "tools");
  return added ? "" : added.error().field();
}

using Names = std::vector<std::string>;

// What an agent with an unknown model offers: functions, a namespace of them, free text with a grammar, hosted tools.
constexpr std::string_view kAgentTools = R"([
  {"type":"function","name":"exec_command","description":"Runs a command","strict":false,
   "parameters":{"type":"object","properties":{"cmd":{"type":"string"}},"required":["cmd"]}},
  {"type":"namespace","name":"mcp__tsrv","description":"A server","tools":[
    {"type":"function","name":"echo","strict":true,"parameters":null},
    {"type":"custom","name":"raw","description":"Raw text"}]},
  {"type":"custom","name":"apply_patch","description":"Edits files.",
   "format":{"type":"grammar","syntax":"lark","definition":"start: begin_patch"}},
  {"type":"web_search","external_web_access":false},
  {"type":"tool_search","execution":"client","description":"d","parameters":{}},
  {"type":"file_search"}, {"type":"code_interpreter"}, {"type":"image_generation"}, {"type":"computer_use_preview"},
  {"type":"mcp","server_label":"x"}, {"type":"local_shell"}, {"type":"something_new"}])";

TEST(ResponsesTools, BecomeFunctionsUnderFlatNames) {
  const Tools tools = tools_of(kAgentTools);
  EXPECT_EQ(chat_names(tools.chat),
            Names({"exec_command", "mcp__tsrv__echo", "mcp__tsrv__raw", "apply_patch", "tool_search"}));
  EXPECT_EQ(tools.chat[0],
            json_of(R"({"type":"function","function":{"name":"exec_command","description":"Runs a command",
    "parameters":{"type":"object","properties":{"cmd":{"type":"string"}},"required":["cmd"]}}})"));
  EXPECT_EQ(tools.chat[1], json_of(R"({"type":"function","function":{"name":"mcp__tsrv__echo",
    "parameters":{"type":"object","properties":{}},"strict":true}})"));
  EXPECT_EQ(tools.chat[3].at("function").at("description"),
            "Edits files.\n\nThe string `input` must follow this lark grammar:\nstart: begin_patch");
  EXPECT_EQ(tools.chat[3].at("function").at("parameters").at("required"), json_of(R"(["input"])"));
}

TEST(ResponsesTools, TheTableLeadsBack) {
  const Tools tools = tools_of(kAgentTools);
  EXPECT_EQ(*tools.names.find("exec_command"), (ClientTool{"exec_command", "", false}));
  EXPECT_EQ(*tools.names.find("mcp__tsrv__echo"), (ClientTool{"echo", "mcp__tsrv", false}));
  EXPECT_EQ(*tools.names.find("mcp__tsrv__raw"), (ClientTool{"raw", "mcp__tsrv", true}));
  EXPECT_EQ(*tools.names.find("apply_patch"), (ClientTool{"apply_patch", "", true}));
  EXPECT_EQ(tools.names.find("web_search"), nullptr);
}

TEST(ResponsesTools, ADeclarationReplacesTheEarlierOneInItsPlace) {
  const Tools tools = tools_of(R"([{"type":"function","name":"a"},{"type":"function","name":"b"},
    {"type":"custom","name":"a","description":"now text"}])");
  EXPECT_EQ(chat_names(tools.chat), Names({"a", "b"}));
  EXPECT_EQ(tools.chat[0].at("function").at("description"), "now text");
  EXPECT_TRUE(tools.names.find("a")->custom);
}

TEST(ResponsesTools, EveryFlatNameIsUniqueAndWhatBackendsTake) {
  ToolTable table;
  const std::string huge(100'000, 'x');
  const std::vector<ClientTool> tools = {
      {"b__c", "a"},
      {"c", "a__b"},
      {"a__b__c", ""},  // one flat name for three
      {"töol", ""},
      {"t__ol", ""},
      {"a.b", ""},
      {"a b", ""},  // other characters
      {huge, ""},
      {huge + "1", ""},
      {"q", huge},
      {"", ""},
      {std::string(64, 'y'), ""},
      {std::string(65, 'y'), ""},
  };
  std::set<std::string> names;
  for (const ClientTool& tool : tools) {
    const std::string name = table.chat_name(tool);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_LE(name.size(), 64u);
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
              std::string::npos);
    EXPECT_EQ(*table.find(name), tool);
    EXPECT_EQ(table.chat_name(tool), name) << "the same at the second time";
  }
  EXPECT_EQ(table.chat_name({std::string(64, 'y'), ""}), std::string(64, 'y'));
}

TEST(ResponsesTools, AHashedNameMayBeTakenToo) {
  ToolTable probe;
  probe.chat_name({"a__b", ""});
  const std::string hashed = probe.chat_name({"b", "a"});
  ToolTable table;
  table.chat_name({hashed, ""});
  table.chat_name({"a__b", ""});
  const std::string other = table.chat_name({"b", "a"});
  EXPECT_NE(other, hashed);
  EXPECT_EQ(*table.find(other), (ClientTool{"b", "a", false}));
}

TEST(ResponsesTools, TheWrongFieldIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([{"type":"function"}])", "tools[0].name"},
      {R"([{"type":"web_search"},{"type":"function","function":{"name":"x"}}])", "tools[1].name"},
      {R"([{"type":"custom","name":""}])", "tools[0].name"},
      {R"([{"type":"function","name":"x","parameters":"{}"}])", "tools[0].parameters"},
      {R"([{"name":"x"}])", "tools[0].type"},
      {R"([7])", "tools[0].type"},
      {R"([{"type":"namespace","tools":[]}])", "tools[0].name"},
      {R"([{"type":"namespace","name":"n"}])", "tools[0].tools"},
      {R"([{"type":"namespace","name":"n","tools":[{"type":"custom","name":"ok"},{"type":"function"}]}])",
       "tools[0].tools[1].name"},
  };
  for (const auto& [tools, field] : cases) EXPECT_EQ(wrong_tool(tools), field) << tools;
}

// The body that a choice gives with the agent's tools; with the field in place of it when the choice is wrong.
json::Value body_with(std::string_view request) {
  json::Object body;
  const auto put = put_tools(tools_of(kAgentTools), json_of(request), body);
  if (!put) return json::Value(put.error().field());
  return body;
}

TEST(ResponsesTools, AChoiceIsMappedByTheTable) {
  const auto named = [](std::string_view name) {
    return json_of(fmt::format(R"({{"type":"function","function":{{"name":"{}"}}}})", name));
  };
  const std::pair<const char*, json::Value> cases[] = {
      {R"("auto")", "auto"},
      {R"("none")", "none"},
      {R"("required")", "required"},
      {R"({"type":"function","name":"exec_command"})", named("exec_command")},
      {R"({"type":"function","name":"echo","namespace":"mcp__tsrv"})", named("mcp__tsrv__echo")},
      {R"({"type":"function","name":"echo"})", named("mcp__tsrv__echo")},
      {R"({"type":"custom","name":"apply_patch"})", named("apply_patch")},
  };
  for (const auto& [choice, chat] : cases) {
    const json::Value body = body_with(fmt::format(R"({{"tool_choice":{},"parallel_tool_calls":false}})", choice));
    EXPECT_EQ(body.at("tool_choice"), chat) << choice;
    EXPECT_EQ(body.at("tools").as_array().size(), 5u);
    EXPECT_EQ(body.at("parallel_tool_calls"), false);
  }
  for (const auto* hosted : {R"({"tool_choice":{"type":"web_search"}})", R"({"tool_choice":null})", "{}"}) {
    EXPECT_EQ(json::find(body_with(hosted), "tool_choice"), nullptr) << hosted;
  }
}

TEST(ResponsesTools, AllowedToolsAreTheOnlyOnes) {
  const json::Value body = body_with(R"({"tool_choice":{"type":"allowed_tools","mode":"required","tools":[
    {"type":"custom","name":"apply_patch"},{"type":"function","name":"exec_command"},{"type":"web_search"}]}})");
  EXPECT_EQ(chat_names(body.at("tools")), Names({"exec_command", "apply_patch"}));
  EXPECT_EQ(body.at("tool_choice"), "required");
  EXPECT_EQ(body_with(R"({"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search"}]}})"),
            json::Value(json::Object()));
}

TEST(ResponsesTools, AWrongChoiceIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"tool_choice":"maybe"})", "tool_choice"},
      {R"({"tool_choice":{"type":"function","name":"nobody"}})", "tool_choice.name"},
      {R"({"tool_choice":{"type":"function","name":"echo","namespace":"other"}})", "tool_choice.name"},
      {R"({"tool_choice":{"type":"allowed_tools","mode":"auto"}})", "tool_choice.tools"},
      {R"({"tool_choice":{"type":"allowed_tools","tools":[{"type":"function","name":"nobody"}]}})",
       "tool_choice.tools[0].name"},
  };
  for (const auto& [request, field] : cases) EXPECT_EQ(body_with(request), json::Value(field)) << request;
}

TEST(ResponsesTools, WithoutToolsThereIsNoChoice) {
  json::Object body;
  const Tools tools = tools_of(R"([{"type":"web_search"}])");
  EXPECT_TRUE(put_tools(tools, json_of(R"({"tool_choice":"required","parallel_tool_calls":true})"), body));
  EXPECT_EQ(body, json::Object());
}

}  // namespace
}  // namespace promethean::llm::responses
