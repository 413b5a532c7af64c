#include "cli/text_diff.h"

#include <gtest/gtest.h>

namespace promethean::cli {
namespace {

std::string lines(int from, int to) {
  std::string out;
  for (int i = from; i <= to; ++i) out += std::to_string(i) + "\n";
  return out;
}

TEST(TextDiff, EqualTextsHaveNone) {
  EXPECT_EQ(unified_diff("", "", "a", "b"), "");
  EXPECT_EQ(unified_diff("x\ny", "x\ny", "a", "b"), "");
}

// As GNU diff -u writes it.
TEST(TextDiff, ShowsThreeLinesAroundAChange) {
  EXPECT_EQ(unified_diff(lines(1, 9), lines(1, 4) + "five\n" + lines(6, 9), "a", "b"),
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(TextDiff, FarChangesAreHunksOfTheirOwnAndNearOnesAreNot) {
  EXPECT_EQ(unified_diff(lines(1, 20), "0\n" + lines(1, 19), "a", "b"),
            "--- a\n+++ b\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -17,4 +18,3 @@\n 17\n 18\n 19\n-20\n");
  EXPECT_EQ(unified_diff(lines(1, 8), "x\n" + lines(2, 7) + "y\n", "a", "b"),
            "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n");
}

TEST(TextDiff, EndsWithoutALineBreakAreMarked) {
  EXPECT_EQ(unified_diff("a\nb", "a\nb\n", "x", "y"),
            "--- x\n+++ y\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
  EXPECT_EQ(unified_diff("", "a\n", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(unified_diff("a\n", "", "x", "y"), "--- x\n+++ y\n@@ -1 +0,0 @@\n-a\n");
}

TEST(TextDiff, HugeDifferencesAreShownAsReplaced) {
  const std::string diff = unified_diff(lines(1, 5000), lines(5001, 10000), "a", "b");
  EXPECT_TRUE(diff.starts_with("--- a\n+++ b\n@@ -1,5000 +1,5000 @@\n-1\n"));
}

}  // namespace
}  // namespace promethean::cli
