#include "llm/local/scored_text.h"

#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"

namespace promethean::llm::local {
namespace {

TokenScore scored(std::string bytes, double logprob = -1) {
  return {.chosen = {.bytes = std::move(bytes), .logprob = logprob}, .top = {}};
}

std::string bytes_of(const std::vector<TokenScore>& tokens) {
  std::string bytes;
  for (const auto& token : tokens) bytes += token.chosen.bytes;
  return bytes;
}

TEST(ScoredText, TellsTokensWithTheirText) {
  ScoredText text({});
  const AnswerPart part = text.push("Hello", scored("Hello", -0.5));
  EXPECT_EQ(part.text, "Hello");
  ASSERT_EQ(part.tokens.size(), 1U);
  EXPECT_EQ(part.tokens[0].chosen.logprob, -0.5);
  EXPECT_TRUE(text.finish().empty());
}

TEST(ScoredText, HoldsTokensBackWithTheTextThatMayBecomeAStopString) {
  ScoredText text({"\n\n"});
  AnswerPart part = text.push("one\n", scored("one\n"));
  EXPECT_EQ(part.text, "one");
  EXPECT_TRUE(part.tokens.empty()) << "its last byte is not certain";
  part = text.push("two", scored("two"));
  EXPECT_EQ(part.text, "\ntwo");
  EXPECT_EQ(bytes_of(part.tokens), "one\ntwo");
}

TEST(ScoredText, CutsTheTokenThatAStopStringBeginsIn) {
  ScoredText text({"STOP"});
  EXPECT_EQ(text.push("a S", scored("a S", -2)).text, "a ");
  const AnswerPart part = text.push("TOP it", scored("TOP it"));
  EXPECT_TRUE(text.stopped());
  EXPECT_EQ(part.text, "");
  ASSERT_EQ(part.tokens.size(), 1U);
  EXPECT_EQ(part.tokens[0].chosen.bytes, "a ");
  EXPECT_EQ(part.tokens[0].chosen.logprob, -2);
  EXPECT_TRUE(text.finish().empty());
}

TEST(ScoredText, TellsTheTokensOfACharacterWhenItIsWhole) {
  ScoredText text({});
  AnswerPart part = text.push(" \xF0\x9F", scored(" \xF0\x9F"));
  EXPECT_EQ(part.text, " ");
  EXPECT_TRUE(part.tokens.empty());
  EXPECT_TRUE(text.push("\x98", scored("\x98")).empty());
  part = text.push("\x80", scored("\x80"));
  EXPECT_EQ(part.text, "\xF0\x9F\x98\x80");
  EXPECT_EQ(part.tokens.size(), 3U);
}

TEST(ScoredText, TellsNothingOfACharacterThatTheEndCutOff) {
  ScoredText text({});
  EXPECT_EQ(text.push("ok \xE2", scored("ok \xE2")).text, "ok ");
  EXPECT_TRUE(text.push("\x82", scored("\x82")).empty());
  const AnswerPart part = text.finish();
  EXPECT_EQ(part.text, "");
  EXPECT_EQ(bytes_of(part.tokens), "ok ");
  EXPECT_EQ(part.tokens.size(), 1U);
}

TEST(ScoredText, TellsNoTokenWithoutAScoreNorOneThatSaysNothing) {
  ScoredText text({});
  EXPECT_TRUE(text.push("a", std::nullopt).tokens.empty());
  EXPECT_TRUE(text.push("", scored("<|im_end|>")).empty());
}

// Whatever is cut where: the bytes of the tokens are those of the text, and never ahead of it.
TEST(ScoredText, BytesAreThoseOfTheTextWhereverTokensAreCut) {
  std::mt19937 random(20261202);
  const std::vector<std::string> pieces{"a", "b", "ab", "\n", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
  const auto pick = [&random](size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); };
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes;
    for (size_t i = pick(24); i > 0; --i) bytes += pieces[pick(pieces.size())];
    if (pick(3) == 0) bytes.resize(bytes.size() - std::min<size_t>(bytes.size(), pick(3)));  // an end in a character
    std::vector<std::string> stops;
    for (size_t i = pick(4); i > 0; --i) stops.push_back(pieces[pick(pieces.size())] + pieces[pick(pieces.size())]);
    ScoredText text(stops);
    std::string given, told;
    const auto take = [&given, &told](const AnswerPart& part) {
      given += part.text;
      told += bytes_of(part.tokens);
      EXPECT_TRUE(given.starts_with(told));
    };
    for (size_t at = 0; at < bytes.size();) {
      const std::string token = bytes.substr(at, 1 + pick(5));
      at += token.size();
      take(text.push(token, scored(token)));
    }
    take(text.finish());
    EXPECT_EQ(told, given) << "seeded round " << round;
    EXPECT_TRUE(base::is_valid_utf8(given));
  }
}

}  // namespace
}  // namespace promethean::llm::local
