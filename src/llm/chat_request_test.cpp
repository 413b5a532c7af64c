#include "llm/chat_request.h"

#include <gtest/gtest.h>

#include "json/schema.h"

namespace promethean::llm {
namespace {

// The field that is wrong, by schema or by the rules beside it; "" when all is well.
std::string wrong_field(std::string_view messages) {
  static const auto schema = json::Schema::compile(kChatRequestSchema);
  EXPECT_TRUE(schema) << schema.error().message();
  const auto body = json::parse(R"({"messages":)" + std::string(messages) + "}");
  EXPECT_TRUE(body) << messages;
  if (const auto violation = schema->check(*body)) return violation->path;
  const auto fine = check_messages(*json::array_at(*body, "messages"));
  return fine ? "" : fine.error().field();
}

TEST(ChatRequest, WhatEveryRoleMaySay) {
  for (
      const auto* good : {
          R"([{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}])",
          R"([{"role":"developer","content":[{"type":"text","text":"Be brief"}]}])",
          R"([{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}])",
          R"([{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}},{"type":"file","file":{"file_id":"x"}}]}])",
          R"([{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}])",
          R"([{"role":"assistant"}])",
          R"([{"role":"assistant","content":[{"type":"text","text":"I"},{"type":"refusal","refusal":"no"}]}])",
          R"([{"role":"tool","tool_call_id":"c","content":"42"}])",
          R"([{"role":"user","content":""}])",
      }) {
    EXPECT_EQ(wrong_field(good), "") << good;
  }
}

TEST(ChatRequest, TheWrongFieldIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([{"role":"robot","content":"x"}])", "messages[0].role"},
      {R"([{"content":"x"}])", "messages[0].role"},
      {R"([{"role":"user"}])", "messages[0].content"},
      {R"([{"role":"user","content":null}])", "messages[0].content"},
      {R"([{"role":"user","content":[]}])", "messages[0].content"},
      {R"([{"role":"user","content":7}])", "messages[0].content"},
      {R"([{"role":"user","content":["x"]}])", "messages[0].content[0]"},
      {R"([{"role":"user","content":[{"type":"text"}]}])", "messages[0].content[0].text"},
      {R"([{"role":"user","content":[{"type":"hologram"}]}])", "messages[0].content[0].type"},
      {R"([{"role":"user","content":[{"type":"image_url","image_url":"http://x"}]}])",
       "messages[0].content[0].image_url"},
      {R"([{"role":"user","content":[{"type":"file","file":1}]}])", "messages[0].content[0].file"},
      {R"([{"role":"system","content":[{"type":"image_url","image_url":{"url":"x"}}]}])",
       "messages[0].content[0].type"},
      {R"([{"role":"tool","content":"42"}])", "messages[0].tool_call_id"},
      {R"([{"role":"user","content":"a"},{"role":"tool","tool_call_id":"c"}])", "messages[1].content"},
      {R"([{"role":"assistant","tool_calls":[{"type":"function","function":{}}]}])",
       "messages[0].tool_calls[0].function.name"},
  };
  for (const auto& [messages, field] : cases) EXPECT_EQ(wrong_field(messages), field) << messages;
}

}  // namespace
}  // namespace promethean::llm
