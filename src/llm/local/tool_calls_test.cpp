// Which tools a request offers, and reading calls out of a model's text. The grammar itself is tested with the engine.
#include "llm/local/tool_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/local/prompt_turns.h"

namespace promethean::llm::local {
namespace {

using testing::HasSubstr;

json::Value request(std::string_view choice, std::string_view more = "") {
  return *json::parse(std::string(R"({"messages": [], "tools": [
    {"type": "function", "function": {"name": "weather", "parameters": {"type": "object",
      "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
    {"type": "custom", "custom": {"name": "shell"}},
    {"type": "function", "function": {"name": "time"}}])") +
                      (choice.empty() ? "" : R"(, "tool_choice": )" + std::string(choice)) + std::string(more) + "}");
}

std::vector<std::string> names_of(const ToolUse& use) {
  std::vector<std::string> names;
  for (const auto& tool : use.tools) names.emplace_back(tool.at("function").at("name").as_string());
  return names;
}

TEST(ToolUse, OffersFunctionsAndLeavesOtherKindsOut) {
  const auto use = tool_use_of(request(""));
  ASSERT_TRUE(use);
  EXPECT_THAT(names_of(*use), testing::ElementsAre("weather", "time"));
  EXPECT_FALSE(use->required);
  EXPECT_EQ(use->most, 1U);
}

TEST(ToolUse, FollowsEachChoice) {
  EXPECT_TRUE(tool_use_of(request("\"none\""))->tools.empty());
  EXPECT_TRUE(tool_use_of(request("\"required\""))->required);
  EXPECT_EQ(tool_use_of(request("\"auto\"", R"(, "parallel_tool_calls": true)"))->most, kMaxCalls);
  EXPECT_EQ(tool_use_of(request("\"auto\"", R"(, "parallel_tool_calls": false)"))->most, 1U);
  const auto named = tool_use_of(request(R"({"type": "function", "function": {"name": "time"}})"));
  EXPECT_THAT(names_of(*named), testing::ElementsAre("time"));
  EXPECT_TRUE(named->required);
  EXPECT_EQ(named->most, 1U);
  EXPECT_EQ(named->index.front(), 2U);
  const auto allowed = tool_use_of(request(R"({"type": "allowed_tools", "allowed_tools": {"mode": "required",
      "tools": [{"type": "function", "function": {"name": "weather"}}]}})"));
  EXPECT_THAT(names_of(*allowed), testing::ElementsAre("weather"));
  EXPECT_TRUE(allowed->required);
}

TEST(ToolUse, RefusesAChoiceThatCannotBeMade) {
  for (const char* choice : {R"("sometimes")", R"({"type": "function", "function": {"name": "absent"}})",
                             R"({"type": "custom", "custom": {"name": "shell"}})", R"({})",
                             R"({"type": "allowed_tools", "allowed_tools": {"mode": "maybe", "tools": []}})"}) {
    const auto use = tool_use_of(request(choice));
    ASSERT_FALSE(use) << choice;
    EXPECT_THAT(use.error().field(), testing::StartsWith("tool_choice")) << choice;
  }
  EXPECT_FALSE(tool_use_of(*json::parse(R"({"tool_choice": "required"})"))) << "there are no tools";
  EXPECT_TRUE(tool_use_of(*json::parse(R"({"tool_choice": "auto"})")));
}

TEST(ToolUse, RefusesNamesThatAreNotAllowedOrComeTwice) {
  for (const char* tools :
       {R"([{"type": "function", "function": {"name": "a b"}}])",
        R"([{"type": "function", "function": {"name": "a\"}"}}])", R"([{"type": "function"}])",
        R"([{"type": "function", "function": {"name": "a"}}, {"type": "function", "function": {"name": "a"}}])"}) {
    const auto use = tool_use_of(*json::parse(std::string(R"({"tools": )") + tools + "}"));
    ASSERT_FALSE(use) << tools;
    EXPECT_THAT(use.error().field(), testing::StartsWith("tools[")) << tools;
  }
}

TEST(AnswerForm, SaysNothingWithoutToolsAndSchema) {
  const auto form = answer_form(ToolUse(), nullptr);
  ASSERT_TRUE(form);
  EXPECT_TRUE(form->grammar.empty());
  EXPECT_FALSE(form->calls);
}

TEST(AnswerForm, NamesTheToolWhoseSchemaCannotBeFollowed) {
  auto body = request("");
  body.at("tools").as_array()[2].at("function").as_object()["parameters"] =
      *json::parse(R"({"type": "object", "properties": {"a": {"not": {"type": "null"}}}})");
  const auto form = answer_form(*tool_use_of(body), nullptr);
  ASSERT_FALSE(form);
  EXPECT_EQ(form.error().field(), "tools[2].function.parameters.properties.a");
  EXPECT_THAT(form.error().message(), HasSubstr("'not'"));
  body.at("tools").as_array()[2].at("function").as_object()["parameters"] = *json::parse(R"({"type": "string"})");
  EXPECT_FALSE(answer_form(*tool_use_of(body), nullptr));
}

// What a reader makes of a text that comes in pieces of `size` bytes, markers whole.
std::string read(std::string_view text, size_t size) {
  CallReader reader;
  std::string out;
  while (!text.empty()) {
    size_t length = std::min(size, text.size());
    for (size_t marker = text.find(kCallBegin); marker < length; marker = text.find(kCallBegin, marker + 1))
      length = std::max(length, marker + kCallBegin.size());
    for (const auto& piece : reader.push(text.substr(0, length))) {
      out += piece.text;
      if (!piece.name.empty()) out += "|" + std::to_string(piece.index) + " " + piece.name + " ";
      out += piece.arguments;
    }
    text.remove_prefix(length);
  }
  return out + "|" + std::to_string(reader.calls());
}

TEST(CallReader, TakesTextAndCallsApartHoweverTheyAreCut) {
  const std::string text = "Let me see.\n" + written_call("weather", R"({"city": "\"}\\", "in": {"a": [1, "]"]}})") +
                           "\n" + written_call("time", "{}");
  for (size_t size = 1; size < text.size(); ++size)
    EXPECT_EQ(read(text, size),
              "Let me see.\n|0 weather {\"city\": \"\\\"}\\\\\", \"in\": {\"a\": [1, \"]\"]}}|1 time {}|2")
        << size;
}

TEST(CallReader, LeavesTextWithoutCallsAlone) {
  EXPECT_EQ(read("a < b and </tool_call>", 3), "a < b and </tool_call>|0");
}

TEST(PromptTurns, WriteOutToolsCallsAndAnswers) {
  const auto messages = *json::parse(R"([{"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": null, "tool_calls": [
      {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}},
      {"id": "2", "type": "function", "function": {"name": "time", "arguments": ""}}]},
    {"role": "tool", "tool_call_id": "1", "content": "rain"}, {"role": "tool", "tool_call_id": "2", "content": "noon"}])");
  auto turns = *turns_of(messages.as_array());
  write_out_tools(turns, request("").at("tools").as_array());
  ASSERT_EQ(turns.size(), 4U);
  EXPECT_EQ(turns[0].role, "system");
  EXPECT_THAT(turns[0].text, HasSubstr("\"weather\""));
  EXPECT_THAT(turns[0].text, HasSubstr("<tool_call>"));
  EXPECT_EQ(turns[2].text, written_call("weather", "{\"city\": \"Oslo\"}") + "\n" + written_call("time", "{}"));
  EXPECT_EQ(turns[3].role, "user");
  EXPECT_EQ(turns[3].text, "<tool_response>\nrain\n</tool_response>\n<tool_response>\nnoon\n</tool_response>");
  EXPECT_TRUE(turns[2].others.empty());
}

}  // namespace
}  // namespace promethean::llm::local
