#include "search/chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace promethean::search {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string function(const std::string& name, int lines) {
  std::string text = "void " + name + "() {\n";
  for (int i = 2; i < lines; ++i) text += "  step(" + std::to_string(i) + ");\n";
  return text + "}\n";
}

// "first-last name" of every chunk.
std::vector<std::string> chunks(std::string_view text, const ChunkLimits& limits = {}) {
  const auto definitions = scan_definitions(Language::kCpp, text);
  std::vector<std::string> out;
  for (const Chunk& c : chunk_file(text, definitions, limits)) {
    std::string row = std::to_string(c.start_line) + "-" + std::to_string(c.end_line);
    if (c.definition >= 0) row += " " + std::string(definitions[static_cast<size_t>(c.definition)].name);
    out.push_back(row);
  }
  return out;
}

TEST(Chunks, FollowDefinitions) {
  EXPECT_THAT(chunks(function("a", 25) + "\n" + function("b", 40)), ElementsAre("1-25 a", "27-66 b"));
}

TEST(Chunks, ADefinitionTakesItsCommentAlong) {
  EXPECT_THAT(chunks(function("a", 25) + "\n// About b.\n// More.\n" + function("b", 25)),
              ElementsAre("1-25 a", "27-53 b"));
}

TEST(Chunks, MergeSmallNeighbours) {
  std::string text;
  for (int i = 0; i < 8; ++i) text += function("f" + std::to_string(i), 6) + "\n";
  EXPECT_THAT(chunks(text), ElementsAre("1-27", "29-55"));
}

TEST(Chunks, SplitALargeClassAtItsMembers) {
  std::string text = "class A {\n";
  for (int i = 0; i < 4; ++i) text += "  " + function("f" + std::to_string(i), 28);
  text += "};\n";
  EXPECT_THAT(chunks(text), ElementsAre("1-29 f0", "30-57 f1", "58-85 f2", "86-114 f3"));
}

TEST(Chunks, SplitALongFunctionNearTheTarget) {
  const auto rows = chunks(function("f", 200));
  EXPECT_THAT(rows, SizeIs(testing::AllOf(testing::Ge(4u), testing::Le(8u))));
  for (const std::string& row : rows) EXPECT_TRUE(row.ends_with(" f")) << row;
}

TEST(Chunks, NothingForBlankText) {
  EXPECT_THAT(chunks(""), IsEmpty());
  EXPECT_THAT(chunks("\n\n  \n\t\n"), IsEmpty());
  EXPECT_THAT(chunks("x"), ElementsAre("1-1"));
}

TEST(Chunks, LongLinesEndAChunkEarly) {
  std::string text;
  for (int i = 0; i < 10; ++i) text += std::string(3000, 'x') + "\n";
  EXPECT_THAT(chunks(text), ElementsAre("1-2", "3-4", "5-6", "7-8", "9-10"));
}

// Whatever the text: in order, within bounds, no overlap, and no line with content is left out.
TEST(Chunks, CoverEveryLineOnce) {
  std::mt19937 random(20261125);
  const std::vector<std::string> lines{"",         "void f() {", "}",          "class A {",     "};",
                                       "  int x;", "// note",    "  if (a) {", "namespace b {", "   "};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const int count = static_cast<int>(random() % 300);
    for (int i = 0; i < count; ++i) text += lines[random() % lines.size()] + "\n";
    const auto definitions = scan_definitions(Language::kCpp, text);
    std::vector<bool> covered(static_cast<size_t>(count) + 2, false);
    uint32_t last_line = 0, last_byte = 0;
    for (const Chunk& c : chunk_file(text, definitions)) {
      ASSERT_GT(c.start_line, last_line);
      ASSERT_GE(c.begin, last_byte);
      ASSERT_LE(c.end_line, static_cast<uint32_t>(count));
      ASSERT_LE(c.end_line - c.start_line + 1, 60u);
      for (uint32_t line = c.start_line; line <= c.end_line; ++line) covered[line] = true;
      last_line = c.end_line, last_byte = c.end;
    }
    size_t at = 0;
    for (int line = 1; line <= count; ++line) {
      const size_t end = text.find('\n', at);
      const bool blank = text.substr(at, end - at).find_first_not_of(' ') == std::string::npos;
      EXPECT_TRUE(blank || covered[static_cast<size_t>(line)]) << "line " << line << " of\n" << text;
      at = end + 1;
    }
  }
}

}  // namespace
}  // namespace promethean::search
