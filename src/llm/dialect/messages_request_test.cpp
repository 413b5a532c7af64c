// Requests of Anthropic's dialect as chat bodies.
#include "llm/dialect/messages_request.h"

#include <gmock/gmock.h>

#include "json/schema.h"
#include "llm/chat_request.h"

namespace promethean::llm::messages {
namespace {

using testing::HasSubstr;

json::Value value(std::string_view text) {
  auto parsed = json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : json::Value();
}

// What came of a request, after the checks that every chat body must pass.
json::Object chat_of(std::string_view text) {
  const json::Value request = value(text);
  const auto known = json::Schema::compile(request_schema());
  const auto wrong = known->check(request);
  EXPECT_FALSE(wrong) << wrong->path << ": " << wrong->reason;
  auto asked = to_chat(request);
  EXPECT_TRUE(asked) << asked.error().message();
  if (!asked) return {};
  const json::Value chat = asked->chat;
  const auto schema = json::Schema::compile(kChatRequestSchema);
  const auto violation = schema->check(chat);
  EXPECT_FALSE(violation) << violation->path << ": " << violation->reason << "\n" << json::write(chat);
  EXPECT_TRUE(check_messages(chat.at("messages").as_array())) << json::write(chat);
  return asked->chat;
}

std::string messages_of(std::string_view messages, std::string_view more = "") {
  const std::string request =
      R"({"model":"m","max_tokens":9,)" + std::string(more) + R"("messages":)" + std::string(messages) + "}";
  return json::write(chat_of(request)["messages"]);
}

std::string compact(std::string_view text) {
  return json::write(value(text));
}

TEST(MessagesRequest, FieldsGoUnderTheNamesOfAChat) {
  const json::Object chat = chat_of(R"({
    "model": "claude-x", "max_tokens": 64, "stream": true, "temperature": 0.5, "top_p": 0.9, "top_k": 40,
    "stop_sequences": ["END"], "metadata": {"user_id": "u1"}, "service_tier": "auto", "context_management": {"edits": []},
    "messages": [{"role": "user", "content": "hi"}]})");
  EXPECT_EQ(json::Value(chat), value(R"({
    "model": "claude-x", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 64, "temperature": 0.5,
    "top_p": 0.9, "top_k": 40, "stream": true, "stop": ["END"], "user": "u1"})"));
}

TEST(MessagesRequest, NullAndEmptyFieldsCountAsNotGiven) {
  const json::Object chat = chat_of(R"({
    "max_tokens": 1, "stream": null, "temperature": null, "stop_sequences": [], "metadata": null, "system": null,
    "tools": [], "tool_choice": null, "thinking": null, "output_config": null, "output_format": null, "retrieval": null,
    "messages": [{"role": "user", "content": "hi"}]})");
  EXPECT_EQ(json::Value(chat), value(R"({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1})"));
}

TEST(MessagesRequest, TheSystemsTextComesFirstInItsOrderWithoutTheBillingLine) {
  EXPECT_EQ(messages_of(R"([{"role":"user","content":"hi"}])",
                        R"("system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1;"},
                           {"type":"text","text":"You are A.","cache_control":{"type":"ephemeral"}},
                           {"type":"text","text":"Do B."}],)"),
            compact(R"([{"role":"system","content":"You are A.\n\nDo B."},{"role":"user","content":"hi"}])"));
  EXPECT_EQ(
      messages_of(R"([{"role":"system","content":"Later."},{"role":"user","content":"hi"}])", R"("system":"First.",)"),
      compact(R"([{"role":"system","content":"First.\n\nLater."},{"role":"user","content":"hi"}])"));
}

TEST(MessagesRequest, ASystemTextWithinTheConversationIsAReminderOfTheUsersSide) {
  EXPECT_EQ(messages_of(R"([{"role":"user","content":"hi"},{"role":"system","content":[{"type":"text","text":"# Env"}]},
                            {"role":"assistant","content":"yes"},{"role":"user","content":"go"}])"),
            compact(R"([{"role":"user","content":"hi\n<system-reminder>\n# Env\n</system-reminder>"},
                        {"role":"assistant","content":"yes"},{"role":"user","content":"go"}])"));
}

TEST(MessagesRequest, NeighboursOfOneSideBecomeOneMessage) {
  EXPECT_EQ(
      messages_of(
          R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":""},{"type":"text","text":"b"}]},
                            {"role":"user","content":"c"}])"),
      compact(R"([{"role":"user","content":"a\nb\nc"}])"));
}

TEST(MessagesRequest, ImagesAreUrlsAndKeepTheirPlace) {
  EXPECT_EQ(messages_of(R"([{"role":"user","content":[
              {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
              {"type":"text","text":"what is it?"},
              {"type":"image","source":{"type":"url","url":"https://x/y.png"}}]}])"),
            compact(R"([{"role":"user","content":[
              {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
              {"type":"text","text":"what is it?"},
              {"type":"image_url","image_url":{"url":"https://x/y.png"}}]}])"));
}

TEST(MessagesRequest, CallsAndTheirOutcomes) {
  EXPECT_EQ(messages_of(R"([{"role":"user","content":"look"},
              {"role":"assistant","content":[
                {"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"redacted_thinking","data":"x"},
                {"type":"text","text":"I look."},
                {"type":"tool_use","id":"t1","name":"Read","input":{"path":"a"}},
                {"type":"tool_use","id":"t2","name":"Bash","input":{}}]},
              {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"t1","content":"one","cache_control":{"type":"ephemeral"}},
                {"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"no"},{"type":"text","text":"such"}]},
                {"type":"text","text":"go on"}]}])"),
            compact(R"([{"role":"user","content":"look"},
              {"role":"assistant","content":"I look.","reasoning_content":"Hm.","tool_calls":[
                {"id":"t1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\"}"}},
                {"id":"t2","type":"function","function":{"name":"Bash","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"t1","content":"one"},
              {"role":"tool","tool_call_id":"t2","content":"Error: no\nsuch"},
              {"role":"user","content":"go on"}])"));
}

TEST(MessagesRequest, AnImageThatAToolShowsFollowsBehindTheOutcomes) {
  EXPECT_EQ(
      messages_of(
          R"([{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Shot","input":{}},{"type":"tool_use","id":"t2","name":"Ls","input":{}}]},
              {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"t1","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]},
                {"type":"tool_result","tool_use_id":"t2"}]}])"),
      compact(R"([{"role":"assistant","content":"","tool_calls":[
                {"id":"t1","type":"function","function":{"name":"Shot","arguments":"{}"}},
                {"id":"t2","type":"function","function":{"name":"Ls","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"t1","content":"The result is shown in the next message."},
              {"role":"tool","tool_call_id":"t2","content":""},
              {"role":"user","content":[{"type":"text","text":"What the call t1 showed:"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}])"));
}

TEST(MessagesRequest, DocumentsAndSearchResultsAreRead) {
  EXPECT_EQ(messages_of(R"([{"role":"user","content":[
              {"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"body"}},
              {"type":"document","source":{"type":"content","content":[{"type":"text","text":"part"}]}},
              {"type":"search_result","title":"S","source":"https://s","content":[{"type":"text","text":"found"}]}]}])"),
            compact(R"([{"role":"user","content":"[T]\nbody\npart\n[S] https://s\nfound"}])"));
}

TEST(MessagesRequest, WhatAnthropicsServersDidIsLeftOut) {
  EXPECT_EQ(messages_of(R"([{"role":"user","content":"hi"},{"role":"assistant","content":[
              {"type":"server_tool_use","id":"s","name":"web_search","input":{}},
              {"type":"web_search_tool_result","tool_use_id":"s","content":[]},
              {"type":"compaction","content":"x"},{"type":"text","text":"found"}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"x"}]}]}])"),
            compact(R"([{"role":"user","content":"hi"},{"role":"assistant","content":"found"},
              {"role":"tool","tool_call_id":"t","content":""}])"));
}

TEST(MessagesRequest, ToolsWithASchemaAreFunctions) {
  const json::Object chat = chat_of(R"({"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
    "tools": [{"name": "Read", "description": "reads", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}},
              {"type": "custom", "name": "Go", "input_schema": {"type": "object"}},
              {"type": "bash_20250124", "name": "bash"}, {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
              {"type": "text_editor_x", "name": "edit", "input_schema": {"type": "object"}}]})");
  EXPECT_EQ(chat.at("tools"), value(R"([
    {"type":"function","function":{"name":"Read","parameters":{"type":"object"},"description":"reads"}},
    {"type":"function","function":{"name":"Go","parameters":{"type":"object"}}},
    {"type":"function","function":{"name":"edit","parameters":{"type":"object"}}}])"));
  EXPECT_FALSE(chat.contains("tool_choice"));
}

TEST(MessagesRequest, EachToolChoice) {
  const auto choice = [](std::string_view text) {
    return chat_of(R"({"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
      "tools": [{"name": "Read", "input_schema": {"type": "object"}}], "tool_choice": )" +
                   std::string(text) + "}");
  };
  EXPECT_EQ(choice(R"({"type":"auto"})").at("tool_choice"), "auto");
  EXPECT_EQ(choice(R"({"type":"any"})").at("tool_choice"), "required");
  EXPECT_EQ(choice(R"({"type":"none"})").at("tool_choice"), "none");
  EXPECT_EQ(choice(R"({"type":"tool","name":"Read"})").at("tool_choice"),
            value(R"({"type":"function","function":{"name":"Read"}})"));
  EXPECT_EQ(choice(R"({"type":"auto","disable_parallel_tool_use":true})").at("parallel_tool_calls"), false);
  const json::Object without = chat_of(R"({"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
    "tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "any"}})");
  EXPECT_FALSE(without.contains("tools") || without.contains("tool_choice"));
}

TEST(MessagesRequest, OnlyABudgetIsAWishForThinking) {
  const auto effort = [](std::string_view thinking) {
    const json::Object chat = chat_of(R"({"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
      "output_config": {"effort": "medium"}, "thinking": )" +
                                      std::string(thinking) + "}");
    return std::string(json::string_at(chat, "reasoning_effort").value_or("-"));
  };
  EXPECT_EQ(effort(R"({"type":"enabled","budget_tokens":1024})"), "low");
  EXPECT_EQ(effort(R"({"type":"enabled","budget_tokens":8000})"), "medium");
  EXPECT_EQ(effort(R"({"type":"enabled","budget_tokens":31999})"), "high");
  EXPECT_EQ(effort(R"({"type":"adaptive"})"), "-");
  EXPECT_EQ(effort(R"({"type":"disabled"})"), "-");
}

TEST(MessagesRequest, AnOutputFormatIsAResponseFormat) {
  for (const std::string_view place : {R"("output_config":{"format":@})", R"("output_format":@)"}) {
    std::string more(place);
    more.replace(more.find('@'), 1, R"({"type":"json_schema","schema":{"type":"object"}})");
    const json::Object chat =
        chat_of(R"({"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],)" + more + "}");
    EXPECT_EQ(chat.at("response_format"),
              value(R"({"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}})"));
  }
}

TEST(MessagesRequest, WhatWouldChangeTheMeaningIsRefusedWithItsField) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([{"role":"user","content":[{"type":"audio"}]}])", "messages[0].content[0].type"},
      {R"([{"role":"user","content":[{"type":"text"}]}])", "messages[0].content[0].text"},
      {R"([{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}])",
       "messages[0].content[0].source"},
      {R"([{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":""}}]}])",
       "messages[0].content[0].source"},
      {R"([{"role":"user","content":[{"type":"tool_result","content":"x"}]}])", "messages[0].content[0].tool_use_id"},
      {R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{}]}]}])",
       "messages[0].content[0].content[0].type"},
      {R"([{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","name":"x"}]}])",
       "messages[1].content[0]"},
  };
  for (const auto& [messages, field] : cases) {
    const auto asked = to_chat(value(R"({"max_tokens":9,"messages":)" + std::string(messages) + "}"));
    ASSERT_FALSE(asked) << messages;
    EXPECT_EQ(asked.error().code(), base::Code::kInvalidArgument);
    EXPECT_EQ(asked.error().field(), field);
  }
  const auto absent =
      to_chat(value(R"({"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"tool","name":"x"}})"));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().field(), "tool_choice.name");
}

TEST(MessagesRequest, TheSchemaNamesWrongFields) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"messages":[{"role":"user","content":"a"}]})", "max_tokens"},
      {R"({"max_tokens":9})", "messages"},
      {R"({"max_tokens":0,"messages":[{"role":"user","content":"a"}]})", "max_tokens"},
      {R"({"max_tokens":9,"messages":[]})", "messages"},
      {R"({"max_tokens":9,"messages":[{"role":"wizard","content":"a"}]})", "messages[0].role"},
      {R"({"max_tokens":9,"messages":[{"role":"user"}]})", "content"},
      {R"({"max_tokens":9,"messages":[{"role":"user","content":"a"}],"temperature":2})", "temperature"},
      {R"({"max_tokens":9,"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"some"}})",
       "tool_choice.type"},
  };
  const auto schema = json::Schema::compile(request_schema());
  ASSERT_TRUE(schema);
  for (const auto& [request, field] : cases) {
    const auto violation = schema->check(value(request));
    ASSERT_TRUE(violation) << request;
    EXPECT_THAT(violation->path + " " + violation->reason, HasSubstr(field));
  }
  EXPECT_FALSE(json::Schema::compile(count_schema())->check(value(R"({"messages":[{"role":"user","content":"a"}]})")));
}

TEST(MessagesRequest, WhoSpokeLast) {
  const auto speaker = [](std::string_view request) { return to_chat(value(request))->speaker; };
  EXPECT_EQ(speaker(R"({"max_tokens":9,"messages":[{"role":"user","content":"Where is it?"}]})"), Speaker::kPerson);
  EXPECT_EQ(
      speaker(
          R"({"max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"},{"type":"text","text":"x"}]},
                       {"role":"system","content":"reminder"}]})"),
      Speaker::kTool);
  EXPECT_EQ(speaker(R"({"max_tokens":1,"messages":[{"role":"user","content":"quota"}]})"), Speaker::kMachine);
  EXPECT_EQ(
      speaker(
          R"({"max_tokens":9,"system":[{"type":"text","text":"Analyze if this message indicates a new conversation topic. If"}],
                       "messages":[{"role":"user","content":"fix it"}]})"),
      Speaker::kMachine);
  EXPECT_EQ(
      speaker(
          R"({"max_tokens":9,"messages":[{"role":"user","content":"Your task is to create a detailed summary of the conversation"}]})"),
      Speaker::kMachine);
}

TEST(MessagesRequest, AClientsOwnRequestForATitleIsNoPersons) {
  const auto asked =
      to_chat(value(R"({"max_tokens":9,"system":"You are naming a coding session so the user can pick it.",
    "messages":[{"role":"user","content":"<session>fix it</session>"}]})"));
  EXPECT_EQ(asked->speaker, Speaker::kMachine);
}

TEST(MessagesRequest, CountsWordsCallsAndToolsButNoBytesOfImages) {
  const auto asked = to_chat(value(R"({"system":"S","messages":[
    {"role":"user","content":[{"type":"text","text":"hello"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"SECRETBYTES"}}]},
    {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Read","input":{"path":"a"}}]}],
    "tools":[{"name":"Read","input_schema":{"type":"object"}}]})"));
  ASSERT_TRUE(asked);
  const Countable countable = messages::countable(asked->chat);
  EXPECT_EQ(countable.images, 1);
  EXPECT_THAT(countable.text, testing::AllOf(HasSubstr("system\nS\n"), HasSubstr("hello"), HasSubstr("Read")));
  EXPECT_THAT(countable.text, testing::Not(HasSubstr("SECRETBYTES")));
}

}  // namespace
}  // namespace promethean::llm::messages
