#include "context/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promethean::context {
namespace {

json::Array messages(std::string_view text) {
  return json::parse(text)->as_array();
}

TEST(Conversation, TheTextOfAMessageJoinsItsParts) {
  const auto list = messages(R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"},
      {"type":"text","text":"b"}]},{"role":"user","content":"c"},{"role":"assistant"}])");
  EXPECT_EQ(text_of(list[0]), "a\nb\n");
  EXPECT_EQ(text_of(list[1]), "c");
  EXPECT_EQ(text_of(list[2]), "");
}

TEST(Conversation, WhatAnAgentRemindsOfIsNotTheUsersQuestion) {
  const auto text = [](std::string content) {
    return text_of(json::Object{{"role", "user"}, {"content", std::move(content)}});
  };
  EXPECT_EQ(text("<system-reminder>\nsee a.py\n</system-reminder>\nWhere?<system-reminder>x</system-reminder>"),
            "\nWhere?");
  EXPECT_EQ(text("what does <system-reminder> mean?"), "what does <system-reminder> mean?");
}

TEST(Conversation, ATurnIsTheSameWhateverStandsBetween) {
  const auto first = user_turns(messages(R"([{"role":"system","content":"s"},{"role":"user","content":"a"}])"), "me");
  const auto later =
      user_turns(messages(R"([{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":"x"},
                   {"role":"tool","content":"y"},{"role":"user","content":"b"}])"),
                 "me");
  ASSERT_EQ(first.size(), 1U);
  ASSERT_EQ(later.size(), 2U);
  EXPECT_EQ(first[0].message, 1U);
  EXPECT_EQ(later[1].message, 3U);
  EXPECT_NE(later[0].key, later[1].key);
}

TEST(Conversation, TurnsOfOthersAreOthers) {
  const auto list = messages(R"([{"role":"user","content":"a"},{"role":"user","content":"b"}])");
  const auto other = messages(R"([{"role":"user","content":"x"},{"role":"user","content":"b"}])");
  EXPECT_EQ(user_turns(list, "me")[1].key, user_turns(list, "me")[1].key);
  EXPECT_NE(user_turns(list, "me")[1].key, user_turns(list, "you")[1].key);
  EXPECT_NE(user_turns(list, "me")[1].key, user_turns(other, "me")[1].key) << "it began differently";
}

TEST(Conversation, MemoryGivesBackWhatItWasGiven) {
  ExcerptMemory memory;
  EXPECT_EQ(memory.find("a"), nullptr);
  memory.remember("a", "one");
  memory.remember("a", "two");
  EXPECT_EQ(*memory.find("a"), "two");
  EXPECT_EQ(memory.bytes(), 4U);
}

TEST(Conversation, MemoryForgetsTheLongestUnused) {
  ExcerptMemory memory(30);
  memory.remember("a", std::string(9, 'x'));
  memory.remember("b", std::string(9, 'x'));
  memory.remember("c", std::string(9, 'x'));
  EXPECT_NE(memory.find("a"), nullptr);
  memory.remember("d", std::string(9, 'x'));
  EXPECT_EQ(memory.find("b"), nullptr);
  EXPECT_NE(memory.find("a"), nullptr);
  EXPECT_NE(memory.find("d"), nullptr);
  EXPECT_EQ(memory.bytes(), 30U);
  memory.remember("e", std::string(100, 'x'));
  EXPECT_EQ(memory.find("e"), nullptr) << "larger than all that may be kept";
  EXPECT_NE(memory.find("d"), nullptr);
}

}  // namespace
}  // namespace promethean::context
