#include "search/outline.h"

#include <gmock/gmock.h>

#include "repo/test_tree.h"

namespace promethean::search {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> outline_lines(const Outline& outline) {
  std::vector<std::string> out;
  for (const OutlineEntry& e : outline.entries) {
    out.push_back(std::string(static_cast<size_t>(e.depth), '>') + e.symbol.name + " " +
                  std::to_string(e.symbol.start_line) + "-" + std::to_string(e.symbol.end_line));
  }
  return out;
}

Outline make_outline(std::string_view path, std::string_view text, bool comments = false) {
  return outline_of(path, text, {.comments = comments}, async::StopFlag());
}

TEST(Outline, NestsDefinitions) {
  const auto found = make_outline(
      "a.py", "class A:\n  def f(self):\n    pass\n\n  class B:\n    def g(self): pass\n\ndef h(): pass\n");
  EXPECT_THAT(outline_lines(found), ElementsAre("A 1-6", ">f 2-3", ">B 5-6", ">>g 6-6", "h 8-8"));
  EXPECT_NE(found.tier, Tier::kTextual);
  EXPECT_EQ(found.note, "");
  EXPECT_EQ(found.entries[3].symbol.scope, "A.B");
}

TEST(Outline, GivesCommentsWhereTheyAreAskedFor) {
  const auto found = make_outline("a.go", "package a\n\n// Sum adds.\nfunc Sum() int {\n\treturn 1\n}\n", true);
  ASSERT_EQ(found.entries.size(), 1u);
  EXPECT_EQ(found.entries[0].symbol.comment, "Sum adds.");
}

TEST(Outline, OfAnUnknownLanguageIsItsBlocks) {
  const auto found = make_outline(
      "a.yaml", "name: ci\njobs:\n  build:\n    steps:\n      - run: x\n  test:\n    steps: []\non: push\n");
  EXPECT_EQ(found.tier, Tier::kTextual);
  EXPECT_THAT(found.note, HasSubstr("yaml"));
  EXPECT_THAT(outline_lines(found), ElementsAre("jobs: 2-7", ">build: 3-5", ">>steps: 4-5", ">test: 6-7"));
}

TEST(Outline, OfTextIsItsHeadingsOrParagraphs) {
  EXPECT_THAT(outline_lines(make_outline("a.txt", "Title\n=====\nwords\n\nNext\n----\nwords\n")),
              ElementsAre("Title 1-3", "Next 5-7"));
  EXPECT_THAT(outline_lines(make_outline("a.txt", "one line\nof words\n\nanother\n")),
              ElementsAre("one line 1-2", "another 4-4"));
  EXPECT_THAT(outline_lines(make_outline("a.txt", "")), ElementsAre());
}

TEST(Outline, OfCodeWithoutDefinitionsSaysSo) {
  const auto found = make_outline("a.py", "print(1)\nfor x in y:\n    print(x)\n");
  EXPECT_EQ(found.tier, Tier::kTextual);
  EXPECT_THAT(found.note, HasSubstr("no definition"));
  EXPECT_THAT(outline_lines(found), ElementsAre("for x in y: 2-3"));
}

TEST(ReadSource, StaysBeneathTheRootAndRefusesBinaries) {
  repo::TestTree tree;
  tree.write("a.py", "x\n");
  tree.write("b.bin", std::string_view("a\0b", 3));
  const auto root = base::RootDir::open(tree.path());
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(read_source(*root, "./a.py")->path, "a.py");
  EXPECT_EQ(read_source(*root, "../etc/passwd").error().code(), base::Code::kPermissionDenied);
  EXPECT_EQ(read_source(*root, "none.py").error().code(), base::Code::kNotFound);
  EXPECT_EQ(read_source(*root, "b.bin").error().code(), base::Code::kInvalidArgument);
}

}  // namespace
}  // namespace promethean::search
