#include "repo/views.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "repo/test_tree.h"

namespace promethean::repo {
namespace {

class Views : public ::testing::Test {
 protected:
  base::Result<LinesView> read(std::string_view path, uint32_t start, uint32_t end) {
    return read_lines(*base::RootDir::open(tree_.path()), path, start, end);
  }
  TestTree tree_;
};

TEST_F(Views, CutsTheLinesAskedFor) {
  tree_.write("a.txt", "one\ntwo\r\nthree\nfour");
  const auto view = read("/./a.txt", 2, 3);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->path, "a.txt");
  EXPECT_EQ(view->text, "two\r\nthree\n");
  EXPECT_EQ(view->total_lines, 4u);
  EXPECT_EQ(view->hash8, base::hash8("two\r\nthree\n"));
}

TEST_F(Views, EndsAtTheLastLine) {
  tree_.write("a.txt", "one\ntwo");
  const auto view = read("a.txt", 2, 999);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->end_line, 2u);
  EXPECT_EQ(view->text, "two");
  EXPECT_EQ(read("a.txt", 3, 4).error().code(), base::Code::kNotFound);
  EXPECT_EQ(read("a.txt", 0, 4).error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(read("a.txt", 2, 1).error().code(), base::Code::kInvalidArgument);
}

TEST_F(Views, AnEmptyFileHasNoLines) {
  tree_.write("empty", "");
  const auto view = read("empty", 1, 10);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->total_lines, 0u);
  EXPECT_EQ(view->text, "");
}

TEST_F(Views, LinesAcrossPiecesStayWhole) {
  std::string text;
  for (int i = 1; i <= 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  tree_.write("big", text);
  const auto view = read("big", 50'000, 50'001);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->text, "line 50000\nline 50001\n");
  EXPECT_EQ(view->total_lines, 100'000u);
  EXPECT_EQ(read("big", 1, 100'000)->text, text);
}

TEST_F(Views, RefusesWhatIsNotLinesBeneathTheRoot) {
  tree_.write("bin", std::string_view("a\0b\n", 4));
  tree_.make_dir("dir");
  tree_.link("/etc/passwd", "out");
  EXPECT_EQ(read("bin", 1, 1).error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(read("dir", 1, 1).error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(read("out", 1, 1).error().code(), base::Code::kPermissionDenied);
  EXPECT_EQ(read("../x", 1, 1).error().code(), base::Code::kPermissionDenied);
  EXPECT_EQ(read("nope", 1, 1).error().code(), base::Code::kNotFound);
}

TEST_F(Views, AWindowLiesAroundItsLine) {
  tree_.write("a.txt", "1\n2\n3\n4\n5\n");
  tree_.write("empty", "");
  const auto root = base::RootDir::open(tree_.path());
  const auto window = [&](uint32_t line, uint32_t context) {
    const auto found = read_window(*root, "a.txt", line, context);
    return std::to_string(found->view.start_line) + "-" + std::to_string(found->view.end_line) + "@" +
           std::to_string(found->focus_line) + " " + found->view.text;
  };
  EXPECT_EQ(window(3, 1), "2-4@3 2\n3\n4\n");
  EXPECT_EQ(window(3, 0), "3-3@3 3\n");
  EXPECT_EQ(window(1, 1), "1-2@1 1\n2\n");
  EXPECT_EQ(window(99, 1), "4-5@5 4\n5\n") << "moved to the last line";
  EXPECT_EQ(window(4'294'967'295, 4'294'967'295), "1-5@5 1\n2\n3\n4\n5\n");
  EXPECT_EQ(read_window(*root, "empty", 7, 2)->focus_line, 0U);
  EXPECT_EQ(read_window(*root, "none", 1, 1).error().code(), base::Code::kNotFound);
}

TEST_F(Views, PathsAreNormalised) {
  EXPECT_EQ(*normalise_path("//a/./b/../c"), "a/c");
  EXPECT_EQ(normalise_path("a/../..").error().code(), base::Code::kPermissionDenied);
  EXPECT_EQ(normalise_path("/").error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(*normalise_directory("/"), "");
  EXPECT_EQ(*normalise_directory("./a/"), "a");
}

}  // namespace
}  // namespace promethean::repo
