#include "repo/ignore.h"

#include <gtest/gtest.h>

namespace promethean::repo {
namespace {

Verdict verdict(std::string_view rules, std::string_view path, bool directory = false) {
  return IgnoreRules::parse(rules).match(path, directory);
}

TEST(IgnoreRules, TheLastRuleThatMatchesDecides) {
  EXPECT_EQ(verdict("*.log\n!keep.log\n", "a/keep.log"), Verdict::kKept);
  EXPECT_EQ(verdict("!keep.log\n*.log\n", "a/keep.log"), Verdict::kIgnored);
  EXPECT_EQ(verdict("*.log\n", "a/keep.txt"), Verdict::kNone);
}

TEST(IgnoreRules, ASlashAnchorsExceptAtTheEnd) {
  EXPECT_EQ(verdict("/a\n", "x/a"), Verdict::kNone);
  EXPECT_EQ(verdict("x/a\n", "y/x/a"), Verdict::kNone);
  EXPECT_EQ(verdict("a/\n", "x/a", true), Verdict::kIgnored);
  EXPECT_EQ(verdict("a/\n", "x/a", false), Verdict::kNone);
}

TEST(IgnoreRules, ReadsTheLinesAsGitDoes) {
  EXPECT_EQ(verdict("\xEF\xBB\xBF"
                    "a\r\nb  \n",
                    "a"),
            Verdict::kIgnored);
  EXPECT_EQ(verdict("a\r\nb  \n", "b"), Verdict::kIgnored);
  EXPECT_EQ(verdict("b\\ \n", "b "), Verdict::kIgnored);
  EXPECT_EQ(verdict("# a\n\\#a\n", "#a"), Verdict::kIgnored);
  EXPECT_EQ(verdict("\\!a\n", "!a"), Verdict::kIgnored);
  EXPECT_EQ(verdict("a\\", "a\\"), Verdict::kNone);
  EXPECT_EQ(verdict("a", "a"), Verdict::kIgnored);  // no newline at the end
}

TEST(IgnoreRules, StarsAfterALiteralOpenThePatternAsInGit) {
  EXPECT_EQ(verdict("x**/b\n", "x/a/b"), Verdict::kIgnored);
}

TEST(IgnoreScope, DeeperFilesAndStrongerKindsWin) {
  const auto outer = IgnoreScope::outermost(IgnoreRules::parse("never.txt\n"));
  const auto top = IgnoreScope::below(outer, {.directory = "", .gitignore = IgnoreRules::parse("*.o\n*.a\n")});
  const auto sub = IgnoreScope::below(top, {.directory = "sub",
                                            .ignore = IgnoreRules::parse("!x.a\n!never.txt\n"),
                                            .gitignore = IgnoreRules::parse("!*.o\n")});
  EXPECT_TRUE(top->ignored("x.o", false));
  EXPECT_FALSE(sub->ignored("sub/x.o", false));
  EXPECT_FALSE(sub->ignored("sub/x.a", false));
  EXPECT_TRUE(sub->ignored("sub/y.a", false));
  EXPECT_TRUE(sub->ignored("sub/never.txt", false));
}

TEST(IgnoreScope, ARepositoryEndsAtItsBorder) {
  const auto outer = IgnoreScope::outermost({});
  const auto top =
      IgnoreScope::below(outer, {.directory = "", .gitignore = IgnoreRules::parse("*.o\n"), .repository_top = true});
  const auto inner = IgnoreScope::below(top, {.directory = "lib", .repository_top = true});
  EXPECT_TRUE(top->ignored("lib.o", false));
  EXPECT_FALSE(inner->ignored("lib/x.o", false));
}

TEST(IgnoreScope, RulesFromAboveTheRootSeeTheWholePath) {
  const auto outer = IgnoreScope::outermost({});
  const auto above = IgnoreScope::below(
      outer, {.above = "sub/", .gitignore = IgnoreRules::parse("/sub/gen\n/gen2\n"), .repository_top = true});
  EXPECT_TRUE(above->ignored("gen", true));
  EXPECT_FALSE(above->ignored("gen2", true));
}

}  // namespace
}  // namespace promethean::repo
