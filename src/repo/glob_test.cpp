#include "repo/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace promethean::repo {
namespace {

struct Case {
  const char* pattern;
  const char* text;
  bool matches;
};

TEST(Glob, MatchesPathsAsGitDoes) {
  const Case cases[] = {{"a/*", "a/b", true},        {"a/*", "a/b/c", false},      {"a/**", "a/b/c", true},
                        {"**/b", "b", true},         {"**/b", "x/y/b", true},      {"**/b", "xb", false},
                        {"a/**/b", "a/b", true},     {"a/**/b", "a/x/y/b", true},  {"a/**/b", "a/xb", false},
                        {"a**b", "a/b", false},      {"a**b", "axxb", true},       {"a?b", "a/b", false},
                        {"a[^x]b", "a/b", false},    {"*/b", "a/b", true},         {"*/b", "a/a/b", false},
                        {"**", "a/b", true},         {"a/**/**/b", "a/b", true},   {"x**/b", "x/a/b", false},
                        {"*a*b*c", "xaxbxc", true},  {"*a*b*c", "xaxcxb", false},  {"**/*.c", "d/e/f.c", true},
                        {"*b/c", "ab/x/b/c", false}, {"**/a*b/c", "ax/ab/c", true}};
  for (const Case& c : cases) {
    EXPECT_EQ(Glob::compile(c.pattern, Glob::Mode::kPath).matches(c.text), c.matches) << c.pattern << " " << c.text;
  }
}

TEST(Glob, ReadsBracketsAsGitDoes) {
  const Case cases[] = {{"[a-c]", "b", true},       {"[!a-c]", "b", false},      {"[^a-c]", "d", true},
                        {"[]]", "]", true},         {"[]-]", "-", true},         {"[a-]", "-", true},
                        {"[[:digit:]]", "7", true}, {"[[:digit:]]", "x", false}, {"[\\]]", "]", true},
                        {"[[:", ":", false},        {"[a", "a", false},          {"[[:nope:]]", "n", false},
                        {"[[:a]", "a", true},       {"[a-\\]]", "]", false},     {"[\\[-\\]]", "\\", true},
                        {"\\*", "*", true},         {"\\*", "x", false},         {"a\\", "a\\", false}};
  for (const Case& c : cases) {
    EXPECT_EQ(Glob::compile(c.pattern, Glob::Mode::kName).matches(c.text), c.matches) << c.pattern << " " << c.text;
  }
}

TEST(Glob, FoldsCaseOnlyWhenAsked) {
  EXPECT_TRUE(Glob::compile("Make*", Glob::Mode::kName, true).matches("MAKEFILE"));
  EXPECT_FALSE(Glob::compile("Make*", Glob::Mode::kName, false).matches("MAKEFILE"));
  EXPECT_TRUE(Glob::compile("[A-C]x", Glob::Mode::kName, true).matches("bX"));
}

TEST(Glob, StaysFastOnHostilePatterns) {
  std::string pattern, text(4000, 'a');
  for (int i = 0; i < 200; ++i) pattern += "*a";
  pattern = "**/" + pattern + "b";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(Glob::compile(pattern, Glob::Mode::kPath).matches(text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace promethean::repo
