#include "repo/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repo/test_tree.h"

namespace promethean::repo {
namespace {

using testing::ElementsAre;

class ListingTest : public testing::Test {
 protected:
  base::Result<Listing> list(std::string_view path, ListOptions options = {}) {
    auto root = base::RootDir::open(tree_.path());
    return list_directory(*root, path, options, async::StopFlag());
  }
  static std::vector<std::string> paths(const Entry& directory) {
    std::vector<std::string> out;
    for (const auto& child : directory.children) {
      out.push_back(child.path);
      for (auto& below : paths(child)) out.push_back(std::move(below));
    }
    return out;
  }
  TestTree tree_;
};

TEST_F(ListingTest, DirectoriesFirstThenByName) {
  tree_.write("b.txt", "1");
  tree_.write("a.txt", "22");
  tree_.write("z/x.txt", "");
  const auto listing = list(".");
  EXPECT_THAT(paths(listing->directory), ElementsAre("z", "a.txt", "b.txt"));
  EXPECT_EQ(listing->directory.children[1].size, 2U);
  EXPECT_GT(listing->directory.mtime_ms, 0);
}

TEST_F(ListingTest, DepthRulesAndHiddenNames) {
  tree_.write(".gitignore", "*.log\n");
  tree_.write("d/.gitignore", "!keep.log\nno.txt\n");
  tree_.write("d/keep.log", "");
  tree_.write("d/no.txt", "");
  tree_.write("d/e/deep.txt", "");
  tree_.write("x.log", "");
  tree_.make_dir(".git");
  const auto listing = list("", {.depth = 3});
  EXPECT_THAT(paths(listing->directory), ElementsAre("d", "d/e", "d/e/deep.txt", "d/keep.log"));
  EXPECT_EQ(listing->ignored, 2U);
  EXPECT_THAT(paths(list("d", {.depth = 1, .hidden = true})->directory),
              ElementsAre("d/e", "d/.gitignore", "d/keep.log"));
}

TEST_F(ListingTest, LinksAreNotEnteredAndNeverLeadOut) {
  tree_.write("d/a.txt", "1");
  tree_.link("d", "in");
  tree_.link("/etc", "out");
  tree_.link("nowhere", "broken");
  const auto listing = list("", {.depth = 3});
  EXPECT_THAT(paths(listing->directory), ElementsAre("d", "d/a.txt", "in", "broken", "out"));
  EXPECT_EQ(listing->directory.children[1].type, EntryType::kDirectory);
  EXPECT_EQ(listing->directory.children[3].type, EntryType::kLink);
  EXPECT_EQ(list("out").error().code(), base::Code::kPermissionDenied);
  EXPECT_THAT(paths(list("in")->directory), ElementsAre("in/a.txt"));
}

TEST_F(ListingTest, IsBoundedAndSaysSo) {
  for (int i = 0; i < 20; ++i) tree_.write("f" + std::to_string(i), "");
  const auto listing = list("", {.max_entries = 5});
  EXPECT_EQ(listing->directory.children.size(), 5U);
  EXPECT_TRUE(listing->truncated);
  EXPECT_FALSE(list("")->truncated);
}

TEST_F(ListingTest, WhatIsNoDirectory) {
  tree_.write("a.txt", "");
  EXPECT_EQ(list("a.txt").error().code(), base::Code::kNotFound);
  EXPECT_EQ(list("none").error().code(), base::Code::kNotFound);
  EXPECT_EQ(list("../x").error().code(), base::Code::kPermissionDenied);
}

}  // namespace
}  // namespace promethean::repo
