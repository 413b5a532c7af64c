// Requests of Ollama's API as chats: who said what, which tool answered which call, what becomes of the options.
#include "llm/dialect/ollama_request.h"

#include <gtest/gtest.h>

#include "json/schema.h"
#include "llm/chat_request.h"
#include "llm/dialect/testing.h"

namespace promethean::llm::ollama {
namespace {

using responses::json_of;

// The chat of a request that is fine, checked against what every backend may rely on.
json::Object chat_of(std::string_view text) {
  static const auto schema = json::Schema::compile(kChatSchema);
  static const auto chat = json::Schema::compile(kChatRequestSchema);
  const json::Value request = json_of(text);
  EXPECT_FALSE(schema->check(request)) << text;
  auto asked = from_chat(request);
  if (!asked) {
    ADD_FAILURE() << asked.error().field() << ": " << asked.error().message();
    return {};
  }
  EXPECT_EQ(asked->endpoint, Endpoint::kChat);
  EXPECT_FALSE(chat->check(asked->body));
  EXPECT_TRUE(check_messages(asked->body.at("messages").as_array()));
  return asked->body;
}

std::string messages_of(std::string_view messages) {
  const json::Object chat = chat_of(R"({"messages":)" + std::string(messages) + "}");
  return chat.empty() ? "" : json::write(chat.at("messages"));
}

std::string field_of(const base::Result<Asked>& asked) {
  return asked ? "fine" : asked.error().field();
}

base::Result<Asked> generate(std::string_view text) {
  static const auto schema = json::Schema::compile(kGenerateSchema);
  const json::Value request = json_of(text);
  EXPECT_FALSE(schema->check(request)) << text;
  return from_generate(request, 100);
}

// The field that the schema of chats refuses, or "fine".
std::string refused(std::string_view text) {
  static const auto schema = json::Schema::compile(kChatSchema);
  const auto failure = schema->check(json_of(text));
  return failure ? failure->path : "fine";
}

TEST(OllamaChat, SaysWhatWasSaid) {
  EXPECT_EQ(messages_of(R"([{"role":"system","content":"Be short."},{"role":"user","content":"Hi"},
                            {"role":"assistant","content":"Ho","thinking":"hm"},{"role":"user"}])"),
            R"([{"role":"system","content":"Be short."},{"role":"user","content":"Hi"},)"
            R"({"role":"assistant","content":"Ho","reasoning_content":"hm"},{"role":"user","content":""}])");
}

TEST(OllamaChat, CallsAndTheirAnswersGetIds) {
  EXPECT_EQ(
      messages_of(R"([{"role":"user","content":"a"},
      {"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":{"at":1}}},{"function":{"name":"list"}}]},
      {"role":"tool","tool_name":"list","content":"L"},{"role":"tool","content":"K"}])"),
      R"([{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[)"
      R"({"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}},)"
      R"({"id":"call_2","type":"function","function":{"name":"list","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"call_2","content":"L"},{"role":"tool","tool_call_id":"call_1","content":"K"}])");
}

TEST(OllamaChat, IdsOfTheClientAreKeptUnlessTheyRepeat) {
  const std::string call = R"({"role":"assistant","tool_calls":[{"id":"x","function":{"name":"look"}}]},)"
                           R"({"role":"tool","tool_call_id":"x","content":"seen"})";
  const std::string messages = messages_of("[" + call + "," + call + "]");
  EXPECT_NE(messages.find(R"("tool_call_id":"x")"), std::string::npos) << messages;
  EXPECT_NE(messages.find(R"("tool_call_id":"call_2")"), std::string::npos) << messages;
}

TEST(OllamaChat, ACallThatNobodyAnsweredIsGivenUp) {
  EXPECT_EQ(
      messages_of(
          R"([{"role":"assistant","tool_calls":[{"function":{"name":"look"}}]},{"role":"user","content":"b"}])"),
      R"([{"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"call_1","content":"aborted"},{"role":"user","content":"b"}])");
}

TEST(OllamaChat, AnAnswerWhoseCallIsGoneGetsOne) {
  EXPECT_EQ(
      messages_of(R"([{"role":"tool","tool_name":"look","content":"seen"}])"),
      R"([{"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"call_1","content":"seen"}])");
}

TEST(OllamaChat, ImagesAreToldByTheirFirstBytes) {
  EXPECT_EQ(
      messages_of(R"([{"role":"user","content":"what?","images":["iVBORw0KGgo=","data:image/jpeg;base64,/9j/4AAQ"]}])"),
      R"([{"role":"user","content":[{"type":"text","text":"what?"},)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},)"
      R"({"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/4AAQ"}}]}])");
  const auto with = [](std::string_view role, std::string_view image) {
    return field_of(from_chat(json_of(R"({"messages":[{"role":")" + std::string(role) +
                                      R"(","content":"a","images":[")" + std::string(image) + R"("]}]})")));
  };
  EXPECT_EQ(with("user", "not base64!"), "messages[0].images[0]");
  EXPECT_EQ(with("user", "AAAABBBB"), "messages[0].images[0]");
  EXPECT_EQ(with("user", ""), "messages[0].images[0]");
  EXPECT_EQ(with("user", "iVBORw0KGg=="), "messages[0].images[0]");
  EXPECT_EQ(with("system", "iVBORw0KGgo="), "messages[0].images");
}

TEST(OllamaChat, OptionsGoUnderTheNamesOfAChat) {
  const json::Object chat =
      chat_of(R"({"model":"m","messages":[{"role":"user","content":"a"}],"keep_alive":"5m","options":{
      "num_predict":7,"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.1,"seed":3,"stop":["x"],"num_ctx":4096,
      "repeat_penalty":1.1,"presence_penalty":0.2,"frequency_penalty":null,"mirostat":1}})");
  EXPECT_EQ(chat.at("max_tokens"), 7);
  for (const char* key :
       {"temperature", "top_p", "top_k", "min_p", "seed", "stop", "repeat_penalty", "presence_penalty"})
    EXPECT_TRUE(chat.contains(key)) << key;
  for (const char* key : {"frequency_penalty", "num_ctx", "mirostat", "keep_alive", "options", "stream"})
    EXPECT_FALSE(chat.contains(key)) << key;
}

TEST(OllamaChat, NoLimitIsNoLimit) {
  for (const char* limit : {"-1", "-2", "0", "null"}) {
    const auto chat =
        chat_of(R"({"messages":[{"role":"user","content":"a"}],"options":{"num_predict":)" + std::string(limit) + "}}");
    EXPECT_FALSE(chat.contains("max_tokens")) << limit;
  }
}

TEST(OllamaChat, ThinkingIsAnEffortToThoseWhoKnowOnlyThat) {
  const auto think = [](std::string_view value) {
    const auto chat = chat_of(R"({"messages":[{"role":"user","content":"a"}],"think":)" + std::string(value) + "}");
    const json::Value* said = chat.if_contains("think");
    const json::Value* effort = chat.if_contains("reasoning_effort");
    return (said ? json::write(*said) : "-") + " " + (effort ? json::write(*effort) : "-");
  };
  EXPECT_EQ(think("true"), R"(true "medium")");
  EXPECT_EQ(think(R"("low")"), R"("low" "low")");
  EXPECT_EQ(think(R"("max")"), R"("max" "high")");
  EXPECT_EQ(think("false"), "false -");
  EXPECT_EQ(think("null"), "- -");
}

TEST(OllamaChat, AFormatIsJsonOrASchema) {
  const auto format = [](std::string_view value) {
    return from_chat(json_of(R"({"messages":[{"role":"user","content":"a"}],"format":)" + std::string(value) + "}"));
  };
  EXPECT_EQ(json::write(format(R"("json")")->body.at("response_format")), R"({"type":"json_object"})");
  EXPECT_EQ(json::write(format(R"({"type":"object"})")->body.at("response_format")),
            R"({"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}})");
  EXPECT_FALSE(format(R"("")")->body.contains("response_format"));
  EXPECT_EQ(field_of(format(R"("yaml")")), "format");
}

TEST(OllamaChat, ToolsAreFunctions) {
  const auto chat = chat_of(
      R"({"messages":[{"role":"user","content":"a"}],"tools":[{"function":{"name":"look","parameters":{"type":"object"}}}]})");
  EXPECT_EQ(json::write(chat.at("tools")),
            R"([{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}])");
  EXPECT_FALSE(chat_of(R"({"messages":[{"role":"user","content":"a"}],"tools":[]})").contains("tools"));
}

TEST(OllamaChat, WrongFieldsAreNamed) {
  EXPECT_EQ(refused(R"({"messages":[{"role":"wizard"}]})"), "messages[0].role");
  EXPECT_EQ(refused(R"({"messages":[{"role":"user","content":[{"type":"text"}]}]})"), "messages[0].content");
  EXPECT_EQ(refused(R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"a","arguments":"{}"}}]}]})"),
            "messages[0].tool_calls[0].function.arguments");
  EXPECT_EQ(refused(R"({"options":{"temperature":"hot"}})"), "options.temperature");
  EXPECT_EQ(refused(R"({"think":"very"})"), "think");
  EXPECT_EQ(refused(R"({"tools":[{"type":"function"}]})"), "tools[0].function");
  EXPECT_EQ(refused("{}"), "fine");
}

TEST(OllamaGenerate, APromptIsAChat) {
  const auto asked = generate(
      R"({"prompt":"Why?","system":"Be short.","template":"","context":[],"format":"json","images":["iVBORw0KGgo="]})");
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->endpoint, Endpoint::kChat);
  EXPECT_EQ(json::write(asked->body.at("messages")),
            R"([{"role":"system","content":"Be short."},{"role":"user","content":[{"type":"text","text":"Why?"},)"
            R"({"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}])");
  EXPECT_TRUE(asked->body.contains("response_format"));
}

TEST(OllamaGenerate, APromptHasNoTools) {
  EXPECT_FALSE(generate(R"({"prompt":"a","tools":[{"type":"function"}]})")->body.contains("tools"));
}

TEST(OllamaGenerate, ARawPromptIsCompleted) {
  const auto raw = generate(R"({"model":"m","prompt":"a","raw":true,"think":true,"options":{"seed":1}})");
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->endpoint, Endpoint::kCompletions);
  EXPECT_EQ(json::write(raw->body), R"({"prompt":"a","model":"m","seed":1,"max_tokens":100})");
  const auto filled = generate(R"({"prompt":"a","suffix":"z","options":{"num_predict":5}})");
  ASSERT_TRUE(filled);
  EXPECT_EQ(json::write(filled->body), R"({"prompt":"a","suffix":"z","max_tokens":5})");
}

TEST(OllamaGenerate, WhatCannotBeDoneIsNamed) {
  EXPECT_EQ(field_of(generate(R"({"prompt":"a","template":"{{ .Prompt }}"})")), "template");
  EXPECT_EQ(field_of(generate(R"({"prompt":"a","context":[1,2]})")), "context");
  EXPECT_EQ(field_of(generate(R"({"prompt":"a","raw":true,"system":"b"})")), "system");
  EXPECT_EQ(field_of(generate(R"({"prompt":"a","suffix":"b","format":"json"})")), "format");
  EXPECT_EQ(field_of(generate(R"({"prompt":"a","raw":true,"logprobs":true})")), "logprobs");
  EXPECT_EQ(field_of(generate(R"({"prompt":"a","images":["?"]})")), "images[0]");
}

TEST(OllamaRequest, WhatOnlyLoadsAModel) {
  for (const char* text : {"{}", R"({"messages":[]})", R"({"messages":null,"prompt":"a"})"})
    EXPECT_FALSE(has_messages(json_of(text))) << text;
  EXPECT_TRUE(has_messages(json_of(R"({"messages":[{}]})")));
  for (const char* text : {"{}", R"({"prompt":""})", R"({"prompt":null,"images":[],"messages":[{}]})"})
    EXPECT_FALSE(has_prompt(json_of(text))) << text;
  for (const char* text : {R"({"prompt":"a"})", R"({"suffix":"a"})", R"({"images":["a"]})"})
    EXPECT_TRUE(has_prompt(json_of(text))) << text;
}

TEST(OllamaRequest, StreamsAndThoughtsAreWantedUnlessRefused) {
  EXPECT_TRUE(wants_stream(json_of("{}")));
  EXPECT_FALSE(wants_stream(json_of(R"({"stream":false})")));
  EXPECT_TRUE(wants_thoughts(json_of(R"({"think":"low"})")));
  EXPECT_FALSE(wants_thoughts(json_of(R"({"think":false})")));
}

}  // namespace
}  // namespace promethean::llm::ollama
