#include "llm/dialect/responses_messages.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "llm/chat_request.h"
#include "llm/dialect/compaction.h"
#include "llm/dialect/responses_items.h"
#include "llm/dialect/testing.h"

namespace promethean::llm::responses {
namespace {

json::Array messages_of(std::string_view input, std::string_view instructions = "") {
  const auto items = read_items(json_of(input), {}, {});
  EXPECT_TRUE(items) << input << ": " << items.error().message();
  if (!items) return {};
  std::vector<const json::Value*> all;
  for (const auto& item : *items) all.push_back(&item);
  ToolTable names;
  json::Array messages = to_messages(instructions, all, names);
  const auto fine = check_messages(messages);
  EXPECT_TRUE(fine) << input << ": " << fine.error().message();
  return messages;
}

struct Case {
  const char* input;
  const char* messages;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& one : cases) {
    EXPECT_EQ(json::Value(messages_of(one.input)), json_of(one.messages)) << one.input << "\n"
                                                                          << json::write(messages_of(one.input));
  }
}

TEST(ResponsesMessages, WhatIsSaid) {
  expect_all({
      {R"("Hi")", R"([{"role":"user","content":"Hi"}])"},
      {R"("")", R"([{"role":"user","content":""}])"},
      {R"([])", R"([{"role":"user","content":""}])"},
      {R"([{"role":"user","content":"My name is Alice."},{"role":"assistant","content":"Hello Alice!"},
           {"role":"user","content":[{"type":"input_text","text":"What is"},{"type":"text","text":"my name?"}]}])",
       R"([{"role":"user","content":"My name is Alice."},{"role":"assistant","content":"Hello Alice!"},
           {"role":"user","content":"What is\nmy name?"}])"},
      {R"([{"role":"user","content":[{"type":"input_text","text":"What is it?"},
           {"type":"input_image","image_url":"data:image/png;base64,AA","detail":"high"},
           {"type":"input_image","image_url":"http://x/y.png","detail":"auto"},
           {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AA"},
           {"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}]}])",
       R"([{"role":"user","content":[{"type":"text","text":"What is it?"},
           {"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"high"}},
           {"type":"image_url","image_url":{"url":"http://x/y.png"}},
           {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AA"}},
           {"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}]}])"},
      {R"([{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"output_text","text":"I"},
           {"type":"refusal","refusal":"cannot"}]}])",
       R"([{"role":"user","content":"a"},{"role":"assistant","content":"I\ncannot"}])"},
      {R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"assistant","content":"c"}])",
       R"([{"role":"user","content":"a"},{"role":"assistant","content":"b\n\nc"}])"},
  });
}

TEST(ResponsesMessages, WhatTheDeveloperSaysAtTheBeginningIsOneSystemMessage) {
  expect_all({
      {R"([{"role":"developer","content":"A"},{"role":"system","content":[{"type":"input_text","text":"B"},
           {"type":"input_text","text":"C"}]},{"role":"user","content":"x"},{"role":"developer","content":"D"}])",
       R"([{"role":"system","content":"A\n\nB\nC"},{"role":"user","content":"x"},{"role":"system","content":"D"}])"},
      {R"([{"role":"developer","content":"A"}])", R"([{"role":"system","content":"A"},{"role":"user","content":""}])"},
      {R"([{"role":"user","content":"x"},{"role":"developer","content":"A"},{"role":"developer","content":"B"}])",
       R"([{"role":"user","content":"x"},{"role":"system","content":"A"},{"role":"system","content":"B"}])"},
  });
  EXPECT_EQ(json::Value(messages_of(R"([{"role":"developer","content":"B"},{"role":"user","content":"x"}])", "A")),
            json_of(R"([{"role":"system","content":"A\n\nB"},{"role":"user","content":"x"}])"));
}

TEST(ResponsesMessages, CallsInARowAreOneMessageAndOutputsStandBehindIt) {
  expect_all({
      {R"([{"role":"user","content":"go"},
           {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"think"}],"encrypted_content":null},
           {"role":"assistant","content":"I look."},
           {"type":"function_call","call_id":"c1","name":"ls","arguments":"{\"d\":1}","status":"completed"},
           {"type":"function_call","call_id":"c2","namespace":"mcp__t","name":"echo","arguments":""},
           {"type":"function_call_output","call_id":"c1","output":"one"},
           {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"},{"type":"input_text","text":"three"}]},
           {"type":"custom_tool_call","call_id":"c3","name":"apply_patch","input":"*** \"x\""},
           {"type":"custom_tool_call_output","call_id":"c3","output":"done"}])",
       R"([{"role":"user","content":"go"},
           {"role":"assistant","content":"I look.","reasoning_content":"think","tool_calls":[
             {"id":"c1","type":"function","function":{"name":"ls","arguments":"{\"d\":1}"}},
             {"id":"c2","type":"function","function":{"name":"mcp__t__echo","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c1","content":"one"},
           {"role":"tool","tool_call_id":"c2","content":"two\nthree"},
           {"role":"assistant","content":null,"tool_calls":[
             {"id":"c3","type":"function","function":{"name":"apply_patch","arguments":"{\"input\":\"*** \\\"x\\\"\"}"}}]},
           {"role":"tool","tool_call_id":"c3","content":"done"}])"},
      // Whatever lies between a call and its output.
      {R"([{"role":"user","content":"go"},{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
           {"role":"user","content":"wait"},{"type":"function_call_output","call_id":"c1","output":"x"}])",
       R"([{"role":"user","content":"go"},
           {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c1","content":"x"},{"role":"user","content":"wait"}])"},
  });
}

TEST(ResponsesMessages, ImagesOfOutputsComeInAMessageOfTheUser) {
  expect_all({{R"([{"type":"function_call","call_id":"c1","name":"view_image","arguments":"{}"},
           {"type":"function_call","call_id":"c2","name":"ls","arguments":"{}"},
           {"type":"function_call_output","call_id":"c1","output":[{"type":"input_image","image_url":"data:A"}]},
           {"type":"function_call_output","call_id":"c2","output":"x"}])",
               R"([{"role":"assistant","content":null,"tool_calls":[
             {"id":"c1","type":"function","function":{"name":"view_image","arguments":"{}"}},
             {"id":"c2","type":"function","function":{"name":"ls","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c1","content":"The output is in the next message."},
           {"role":"tool","tool_call_id":"c2","content":"x"},
           {"role":"user","content":[{"type":"text","text":"From the output of view_image (call c1):"},
             {"type":"image_url","image_url":{"url":"data:A"}}]}])"}});
}

TEST(ResponsesMessages, WhatIsMissingIsMadeUp) {
  expect_all({
      // An interrupted turn, and an output whose call is gone.
      {R"([{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"role":"user","content":"stop"}])",
       R"([{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c1","content":"aborted"},{"role":"user","content":"stop"}])"},
      {R"([{"role":"user","content":"a"},{"type":"function_call_output","call_id":"c9","output":"x"}])",
       R"([{"role":"user","content":"a"},
           {"role":"assistant","content":null,"tool_calls":[{"id":"c9","type":"function","function":{"name":"unknown","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c9","content":"x"}])"},
      // An output before its call answers nobody; the call has none.
      {R"([{"type":"function_call_output","call_id":"c","output":"x"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}])",
       R"([{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"unknown","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c","content":"x"},
           {"role":"assistant","content":null,"tool_calls":[{"id":"c_2","type":"function","function":{"name":"f","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c_2","content":"aborted"}])"},
      // An id that is used again by a later turn.
      {R"([{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"1"},
           {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"2"}])",
       R"([{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c","content":"1"},
           {"role":"assistant","content":null,"tool_calls":[{"id":"c_2","type":"function","function":{"name":"f","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c_2","content":"2"}])"},
      // Arguments that are no JSON, as the model once wrote them.
      {R"([{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a"},{"type":"function_call_output","call_id":"c","output":"failed to parse"}])",
       R"([{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"invalid_arguments\":\"{\\\"a\"}"}}]},
           {"role":"tool","tool_call_id":"c","content":"failed to parse"}])"},
  });
}

TEST(ResponsesMessages, ReasoningGoesWithWhatFollowsItOrNowhere) {
  expect_all({
      {R"([{"role":"user","content":"a"},{"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"raw"}]},
           {"role":"assistant","content":"b"},{"role":"user","content":"c"}])",
       R"([{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"raw"},{"role":"user","content":"c"}])"},
      {R"([{"role":"user","content":"a"},{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}]},{"role":"user","content":"c"}])",
       R"([{"role":"user","content":"a"},{"role":"user","content":"c"}])"},
      {R"([{"role":"user","content":"a"},{"type":"reasoning","summary":null,"content":null,"encrypted_content":"x"},{"role":"assistant","content":"b"}])",
       R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])"},
  });
}

TEST(ResponsesMessages, RecordsOfWhatOthersRanAreLeftOut) {
  for (const auto* type :
       {"web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call", "mcp_list_tools",
        "mcp_call", "mcp_approval_request", "mcp_approval_response", "tool_search_call", "tool_search_output"}) {
    EXPECT_EQ(json::Value(messages_of(fmt::format(R"([{{"role":"user","content":"a"}},{{"type":"{}"}}])", type))),
              json_of(R"([{"role":"user","content":"a"}])"))
        << type;
  }
}

TEST(ResponsesMessages, ToolsOfTheClientsOwnKindAreCallsToo) {
  expect_all(
      {{R"([{"type":"local_shell_call","id":"lsh_1","call_id":"c","action":{"type":"exec","command":["ls"]},"status":"completed"},
           {"type":"local_shell_call_output","id":"c","output":"x"},
           {"type":"apply_patch_call","call_id":"d","operation":{"type":"delete_file","path":"a"}},
           {"type":"apply_patch_call_output","call_id":"d","output":"ok","status":"completed"}])",
        R"([{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":
             {"name":"local_shell","arguments":"{\"type\":\"exec\",\"command\":[\"ls\"]}"}}]},
           {"role":"tool","tool_call_id":"c","content":"x"},
           {"role":"assistant","content":null,"tool_calls":[{"id":"d","type":"function","function":
             {"name":"apply_patch","arguments":"{\"type\":\"delete_file\",\"path\":\"a\"}"}}]},
           {"role":"tool","tool_call_id":"d","content":"ok"}])"}});
}

TEST(ResponsesMessages, ASummaryAndTheWishForOneAreTheUsers) {
  const std::string item =
      json::write(json::Object{{"type", "compaction"}, {"encrypted_content", write_compaction("We did x.")}});
  const json::Array messages = messages_of(fmt::format(R"([{},{{"type":"compaction_trigger"}}])", item));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(json::string_at(messages[0], "content"), std::string(kCompactionHeading) + "\n\nWe did x.");
  EXPECT_EQ(messages[1].at("role"), "user");
  EXPECT_EQ(json::string_at(messages[1], "content"), kCompactionRequest);
}

TEST(ResponsesMessages, ManyCallsWithOneIdAreStillToldApart) {
  json::Array items;
  for (int i = 0; i < 5000; ++i) items.push_back(json_of(R"({"type":"function_call","call_id":"c","name":"f"})"));
  const json::Array messages = messages_of(json::write(items));
  EXPECT_EQ(messages.size(), 5001u);
  EXPECT_EQ(messages.back().at("tool_call_id"), "c_5000");
}

}  // namespace
}  // namespace promethean::llm::responses
