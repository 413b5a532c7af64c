#include "llm/history.h"

#include <gtest/gtest.h>

namespace promethean::llm {
namespace {

// "u1 a1 c:x r:x a2": user, assistant, assistant that calls x, its result, assistant; "s" is a system message.
json::Array talk(std::string_view text) {
  json::Array out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string word(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string id = word.substr(word.find(':') + 1);
    switch (word[0]) {
      case 'c':
        out.push_back(json::Object{
            {"role", "assistant"}, {"content", nullptr}, {"tool_calls", json::Array{json::Object{{"id", id}}}}});
        break;
      case 'r':
        out.push_back(json::Object{{"role", "tool"}, {"tool_call_id", id}, {"content", word}});
        break;
      default:
        out.push_back(json::Object{{"role", word[0] == 'u' ? "user" : "assistant"}, {"content", word}});
    }
  }
  return out;
}

std::string words(const json::Array& messages) {
  std::string out;
  for (const auto& message : messages) {
    const json::Array* calls = json::array_at(message, "tool_calls");
    const std::string word = calls != nullptr ? "c:" + std::string(*json::string_at(calls->front(), "id"))
                                              : std::string(json::string_at(message, "content").value_or("?"));
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

std::string shortened(std::string_view text, size_t keep_from, HistoryLimits limits) {
  json::Array messages = talk(text);
  shorten(messages, keep_from, limits);
  return words(messages);
}

TEST(History, WholeTurnsGoOldestFirst) {
  EXPECT_EQ(shortened("u1 a1 u2 a2 u3", 4, {.messages = 5}), "u1 a1 u2 a2 u3");
  EXPECT_EQ(shortened("u1 a1 u2 a2 u3", 4, {.messages = 4}), "u2 a2 u3");
  EXPECT_EQ(shortened("u1 a1 u2 a2 u3", 4, {.messages = 2}), "u3");
  EXPECT_EQ(shortened("u1 u1b c:x r:x a1 u2", 5, {.messages = 5}), "u2");
}

TEST(History, WhatIsNewStays) {
  EXPECT_EQ(shortened("u1 a1 u2 u3", 2, {.messages = 1}), "u2 u3");
  EXPECT_EQ(shortened("u1 u2 u3", 0, {.messages = 1}), "u1 u2 u3");
}

TEST(History, ACallIsNeverPartedFromItsResult) {
  for (size_t most = 1; most <= 9; ++most) {
    const std::string kept = shortened("u1 c:x r:x c:y r:y r:z a1 u2 a2", 9, {.messages = most});
    EXPECT_EQ(kept.find("c:x") == std::string::npos, kept.find("r:x") == std::string::npos) << most << ": " << kept;
    EXPECT_EQ(kept.find("c:y") == std::string::npos, kept.find("r:y") == std::string::npos) << most << ": " << kept;
  }
}

TEST(History, ALongTurnLosesItsFirstStepsAndKeepsItsQuestion) {
  EXPECT_EQ(shortened("u1 c:x r:x c:y r:y c:z r:z", 6, {.messages = 5}), "u1 c:y r:y c:z r:z");
  EXPECT_EQ(shortened("u1 c:x r:x c:y r:y c:z r:z", 6, {.messages = 2}), "u1 c:z r:z");
  EXPECT_EQ(shortened("u1 a1 u2 c:x r:x c:y r:y", 6, {.messages = 3}), "u2 c:y r:y");
}

TEST(History, BytesCount) {
  const size_t one = json::write(talk("u1").front()).size();
  EXPECT_EQ(shortened("u1 a1 u2 a2", 4, {.bytes = 6 * one}), "u1 a1 u2 a2");
  EXPECT_EQ(shortened("u1 a1 u2 a2", 4, {.bytes = 3 * one}), "u2 a2");
}

TEST(History, UnansweredCallsAreDropped) {
  json::Array messages = talk("u1 c:x u2 c:y r:y a2");
  drop_unanswered_calls(messages);
  EXPECT_EQ(words(messages), "u1 u2 c:y r:y a2");

  messages = talk("u1 c:x");
  drop_unanswered_calls(messages);
  EXPECT_EQ(words(messages), "u1 c:x") << "its result may come";

  messages = talk("u1 c:x u2");
  messages[1].as_object()["content"] = "I look";
  drop_unanswered_calls(messages);
  EXPECT_EQ(words(messages), "u1 I look u2");
}

TEST(History, KnowsAConversationThatIsSentAgain) {
  EXPECT_TRUE(goes_on_from(talk("u1 a1 u2"), talk("u1 a1")));
  EXPECT_TRUE(goes_on_from(talk("u1 c:x r:x"), talk("u1 c:x")));
  EXPECT_TRUE(goes_on_from(talk("u0 a0 u1 a1 u2"), talk("u1 a1"))) << "the beginning was forgotten";
  EXPECT_FALSE(goes_on_from(talk("u0 u1 a1"), talk("u1 a1"))) << "nothing new";
  EXPECT_FALSE(goes_on_from(talk("u1 a1"), talk("u1 a1")));
  EXPECT_FALSE(goes_on_from(talk("u1 c:y r:y"), talk("u1 c:x")));
  EXPECT_FALSE(goes_on_from(talk("u2"), talk("u1 a1")));
  json::Array parts = talk("u1 a1 u2");
  parts[0].as_object()["content"] = json::Array{json::Object{{"type", "text"}, {"text", "u1"}}};
  EXPECT_TRUE(goes_on_from(parts, talk("u1 a1")));
}

}  // namespace
}  // namespace promethean::llm
