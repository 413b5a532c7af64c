#include "context/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promethean::context {
namespace {

using testing::HasSubstr;
using testing::Not;

json::Array choice(std::string_view text) {
  return {json::Object{
      {"index", 0}, {"message", json::Object{{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}};
}

Exchange sample_exchange(std::string_view question = "Where?", std::string_view answer = "There.") {
  Exchange exchange;
  exchange.started = base::WallTime(std::chrono::seconds(1'764'029'841));
  exchange.id = new_exchange_id(exchange.started);
  exchange.endpoint = "/v1/chat/completions";
  exchange.principal = "tok_1";
  exchange.model_asked = exchange.model = "normal";
  exchange.finish_reason = "stop";
  exchange.end = ExchangeEnd::kDone;
  exchange.retrieval = json::Object{
      {"grounded", false},
      {"query", "a text"},
      {"citations",
       json::Array{
           json::Object{{"path", "src/a.py"}, {"startLine", 1}, {"endLine", 9}, {"hash", "0a"}, {"why", "quote"}},
           json::Object{{"path", "a]]|b.py"}, {"startLine", 2}, {"endLine", 3}, {"hash", "0b"}}}}};
  exchange.texts.emplace();
  const json::Object message{{"role", "user"}, {"content", question}};
  exchange.texts->request = json::write(json::Object{{"model", "normal"}, {"messages", json::Array{message}}});
  exchange.texts->prompt = {message};
  exchange.texts->choices = choice(answer);
  return exchange;
}

RecordedExchange again(const Exchange& exchange) {
  auto read = read_exchange_markdown(exchange_markdown(exchange, exchange_record(exchange)));
  EXPECT_TRUE(read) << read.error().message();
  return read ? std::move(*read) : RecordedExchange();
}

TEST(ExchangeId, BeginsWithTheTimeAndNeverRepeats) {
  const base::WallTime time(std::chrono::seconds(1'764'029'841));
  const std::string a = new_exchange_id(time);
  EXPECT_TRUE(a.starts_with("20251125-001721-")) << a;
  EXPECT_TRUE(is_exchange_id(a));
  EXPECT_NE(a, new_exchange_id(time));
  for (const std::string_view other : {"", "index", "20251125-001721-9f3c2a1b7d4", "20251125-001721-9F3C2A1B7D4E",
                                       "../51125-001721-9f3c2a1b7d4e", "20251125_001721-9f3c2a1b7d4e"})
    EXPECT_FALSE(is_exchange_id(other)) << other;
}

TEST(ExchangeRecord, HasFactsAndNoTexts) {
  Exchange exchange = sample_exchange("a secret plan", "the secret answer");
  exchange.texts.reset();
  exchange.error = base::Error(base::Code::kInvalidArgument, "refused: 'a secret plan'");
  const json::Object record = exchange_record(exchange);
  const std::string line = json::write(record);
  EXPECT_THAT(line, Not(HasSubstr("secret")));
  EXPECT_THAT(line, Not(HasSubstr("a text")));
  EXPECT_FALSE(record.contains("file"));
  EXPECT_EQ(json::string_at(record, "time"), "2025-11-25T00:17:21.000Z");
  EXPECT_EQ(json::array_at(record.at("retrieval"), "citations")->size(), 2u);
  EXPECT_EQ(json::bool_at(record.at("retrieval"), "grounded"), false);
}

TEST(ExchangeMarkdown, GivesBackWhatReplayNeeds) {
  const auto read =
      again(sample_exchange("Where is\n\n## Answer\n\n```json\n{}\n```\n?", "```\nlook\n````\n## Record\n"));
  EXPECT_EQ(read.answer, "```\nlook\n````\n## Record\n");
  EXPECT_EQ(json::string_at(json::array_at(read.request, "messages")->front(), "content"),
            "Where is\n\n## Answer\n\n```json\n{}\n```\n?");
  EXPECT_EQ(json::string_at(read.record, "status"), "done");
}

TEST(ExchangeMarkdown, AnswersOfEveryShapeComeBack) {
  for (const std::string text : {"", "\n", "one", "one\n", "`````", "a\r\nb", "\xE2\x82\xAC"})
    EXPECT_EQ(again(sample_exchange("Where?", text)).answer, text);
}

TEST(ExchangeMarkdown, CitesByWikiLinks) {
  const Exchange exchange = sample_exchange();
  const std::string text = exchange_markdown(exchange, exchange_record(exchange));
  EXPECT_THAT(text, HasSubstr("- [[src/a.py|src/a.py]]:1-9\n"));
  EXPECT_THAT(text, HasSubstr("- `a]]?b.py`:2-3\n"));
}

TEST(ExchangeMarkdown, HasNoSecrets) {
  Exchange exchange = sample_exchange("my key is sk-abcdef1234567890 and password: hunter22", "sk-abcdef1234567890");
  exchange.texts->request =
      R"({"messages":[{"role":"user","content":"Bearer abcdefgh12345678"}],"metadata":{"api_key":"plain","n":1}})";
  exchange.error = base::Error(base::Code::kUnavailable, "refused token=abc123456789");
  const json::Object record = exchange_record(exchange);
  const std::string text = exchange_markdown(exchange, record) + json::write(record);
  for (const std::string_view secret : {"abcdef1234567890", "hunter22", "abcdefgh12345678", "plain", "abc123456789"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  EXPECT_EQ(json::int_at(again(exchange).request.at("metadata"), "n"), 1);
}

TEST(ExchangeMarkdown, ToolCallsAndConversationsComeBack) {
  Exchange exchange = sample_exchange();
  const json::Array calls{json::Object{{"id", "call_1"},
                                       {"type", "function"},
                                       {"function", json::Object{{"name", "look"}, {"arguments", "{\"at\":1}"}}}}};
  exchange.texts->choices[0].at("message").as_object()["tool_calls"] = calls;
  exchange.texts->choices[0].at("message").as_object()["content"] = nullptr;
  exchange.texts->conversation = {json::Object{{"role", "user"}, {"content", "before"}}};
  const auto read = again(exchange);
  EXPECT_EQ(read.tool_calls, calls);
  EXPECT_EQ(read.answer, "");
  EXPECT_EQ(read.conversation, exchange.texts->conversation);
}

TEST(ExchangeMarkdown, WhatIsNoneIsRefused) {
  const Exchange exchange = sample_exchange();
  const std::string text = exchange_markdown(exchange, exchange_record(exchange));
  for (const std::string& other : {std::string(), std::string("# Notes\n"), text.substr(0, text.size() - 20),
                                   text.substr(0, text.find("## Record"))})
    EXPECT_EQ(read_exchange_markdown(other).error().code(), base::Code::kInvalidArgument);
}

}  // namespace
}  // namespace promethean::context
