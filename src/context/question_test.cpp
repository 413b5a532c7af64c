#include "context/question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promethean::context {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> places(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& place : read_question(text).places) out.push_back(place.path + ":" + std::to_string(place.line));
  return out;
}

TEST(Question, FindsIdentifiersInProse) {
  EXPECT_THAT(read_question("How does parseHead use read_file and IgnoreSet::match?").identifiers,
              ElementsAre("parseHead", "read_file", "IgnoreSet::match"));
  EXPECT_THAT(read_question("what does open() do, and `walk`?").identifiers,
              testing::UnorderedElementsAre("open", "walk"));
}

TEST(Question, PlainWordsAreNoIdentifiers) {
  EXPECT_THAT(
      read_question("Where is gitignore matching implemented? Don't guess, e.g. say so and/or ask.").identifiers,
      IsEmpty());
  EXPECT_THAT(read_question("Where is gitignore matching implemented? Don't guess, e.g. say so and/or ask.").places,
              IsEmpty());
}

TEST(Question, FindsPathsAndLines) {
  EXPECT_THAT(places("see src/net/server.cpp:12 and ./router.cpp, also a.py(7)"),
              ElementsAre("src/net/server.cpp:12", "router.cpp:0", "a.py:7"));
  EXPECT_THAT(places("lib/x.ts#L30-L40"), ElementsAre("lib/x.ts:30"));
  EXPECT_THAT(places("https://example.com/a/b.html"), IsEmpty());
}

TEST(Question, FindsStackFrames) {
  EXPECT_THAT(places("Traceback:\n  File \"/srv/app/pathspec/util.py\", line 33, in walk\n"),
              Contains("/srv/app/pathspec/util.py:33"));
  EXPECT_THAT(places("at Object.run (/app/lib/run.js:10:5)"), Contains("/app/lib/run.js:10"));
}

TEST(Question, QuotedTextThatIsNoNameIsLookedUpWord) {
  EXPECT_THAT(read_question("who prints \"no such path\"?").quotes, ElementsAre("no such path"));
  EXPECT_THAT(read_question("it's what they're saying").quotes, IsEmpty());
}

TEST(Question, FencedCodeDoesNotDrownTheWords) {
  const auto question = read_question("Why does this fail?\n```\nfoo_bar(1)\n```\n");
  EXPECT_THAT(question.text, Not(testing::HasSubstr("foo_bar")));
  EXPECT_THAT(question.identifiers, Contains("foo_bar"));
  EXPECT_THAT(read_question("```\nonly code_here\n```").text, testing::HasSubstr("code_here"));
}

TEST(Question, IsBounded) {
  std::string log;
  for (int i = 0; i < 10'000; ++i) log += "src/file_" + std::to_string(i) + ".cpp:" + std::to_string(i + 1) + "\n";
  EXPECT_LE(read_question(log).places.size(), 8u);
}

}  // namespace
}  // namespace promethean::context
