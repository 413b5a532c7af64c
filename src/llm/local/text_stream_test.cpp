#include "llm/local/text_stream.h"

#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"

namespace promethean::llm::local {
namespace {

std::string all_of(TextStream& stream, const std::vector<std::string>& tokens) {
  std::string text;
  for (const auto& token : tokens) text += stream.push(token);
  return text + stream.finish();
}

// The slow twin: the whole text at once, tried at every length.
std::string stopped_text(const std::string& bytes, const std::vector<std::string>& stops) {
  const std::string text = base::sanitize_utf8(bytes);
  for (size_t end = 0; end <= text.size(); ++end) {
    size_t begin = std::string::npos;
    for (const auto& stop : stops) {
      if (text.substr(0, end).ends_with(stop)) begin = std::min(begin, end - stop.size());
    }
    if (begin != std::string::npos) return text.substr(0, begin);
  }
  return text;
}

TEST(TextStream, GivesTextThroughWhenNothingStopsIt) {
  TextStream stream({});
  EXPECT_EQ(stream.push("Hello"), "Hello");
  EXPECT_EQ(stream.push(" world"), " world");
  EXPECT_FALSE(stream.stopped());
}

TEST(TextStream, EndsBeforeAStopStringThatIsCutAcrossTokens) {
  TextStream stream({"\n\n"});
  EXPECT_EQ(stream.push("one\n"), "one");
  EXPECT_EQ(stream.push("two\n"), "\ntwo");
  EXPECT_EQ(stream.push("\nthree"), "");
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.push("four"), "");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, GivesOutTheBeginningOfAStopStringThatNeverCame) {
  TextStream stream({"STOP"});
  EXPECT_EQ(stream.push("a ST"), "a ");
  EXPECT_EQ(stream.finish(), "ST");
}

TEST(TextStream, NeverCutsACharacter) {
  TextStream stream({});
  EXPECT_EQ(stream.push("\xF0\x9F"), "");
  EXPECT_EQ(stream.push("\x98"), "");
  EXPECT_EQ(stream.push("\x80!"), "\xF0\x9F\x98\x80!");
}

TEST(TextStream, DropsACharacterThatTheEndCutOff) {
  TextStream stream({});
  EXPECT_EQ(stream.push("ok\xE2\x82"), "ok");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, ReplacesBytesThatAreNoCharacter) {
  TextStream stream({});
  EXPECT_EQ(stream.push("a\xFF"
                        "b"),
            "a\uFFFDb");
}

TEST(TextStream, TakesTheStopStringThatIsCompletedFirst) {
  TextStream stream({"bcd", "cx", "c"});
  EXPECT_EQ(all_of(stream, {"abcd"}), "ab");
}

TEST(TextStream, DoesNotDependOnWhereTheTokensAreCut) {
  std::mt19937 random(20261125);
  const std::vector<std::string> pieces{"a", "b", "ab", "\n", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF"};
  const auto pick = [&random](size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); };
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes;
    for (size_t i = pick(24); i > 0; --i) bytes += pieces[pick(pieces.size())];
    std::vector<std::string> stops;
    for (size_t i = pick(4); i > 0; --i) {
      std::string stop;
      for (size_t n = 1 + pick(3); n > 0; --n) stop += pieces[pick(pieces.size() - 1)];
      stops.push_back(stop);
    }
    std::vector<std::string> tokens;
    for (size_t at = 0; at < bytes.size();) {
      const size_t length = 1 + pick(4);
      tokens.push_back(bytes.substr(at, length));
      at += length;
    }
    TextStream stream(stops);
    std::string text = all_of(stream, tokens);
    EXPECT_EQ(text, stopped_text(bytes, stops)) << "seeded round " << round;
    EXPECT_TRUE(base::is_valid_utf8(text));
  }
}

}  // namespace
}  // namespace promethean::llm::local
