#include "search/live_index.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "async/testing.h"
#include "repo/test_tree.h"

namespace promethean::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class LiveIndexTest : public ::testing::Test {
 protected:
  std::unique_ptr<LiveIndex> open(LiveIndex::OnChange on_change = nullptr) {
    auto index = Index::open({.root = tree_.path(), .state_dir = state_.path(), .exclude_globs = {}}, base::Log());
    EXPECT_TRUE(index.has_value());
    return std::make_unique<LiveIndex>(std::move(*index), base::Log(), std::move(on_change));
  }
  static LiveIndex::View fresh(LiveIndex& live, std::chrono::milliseconds patience = 60s) {
    async::TestLoop loop;
    async::Context ctx(loop.core(), base::steady_now() + 120s);
    auto view = loop.run(live.fresh(ctx, patience));
    EXPECT_TRUE(view.has_value());
    return std::move(*view);
  }
  static size_t lines_with(const LiveIndex::View& view, std::string_view word) {
    const auto found = view.snapshot->grep(word, {.fixed = true}, async::StopFlag());
    EXPECT_TRUE(found.has_value());
    return found ? found->matches.size() : 0;
  }
  repo::TestTree tree_, state_;
};

TEST_F(LiveIndexTest, NoAnswerIsBehindAnEdit) {
  tree_.write("src/a.txt", "none\n");
  const auto live = open();
  EXPECT_THAT(fresh(*live).stale, IsEmpty());
  for (int i = 0; i < 50; ++i) {
    const std::string word = "word" + std::to_string(i);
    tree_.write(i % 3 == 0 ? "src/a.txt" : "src/deep/er/f" + std::to_string(i) + ".txt", word + "\n");
    const auto view = fresh(*live);
    EXPECT_THAT(view.stale, IsEmpty());
    EXPECT_EQ(view.pending, 0u);
    EXPECT_EQ(lines_with(view, word), 1u) << word;
  }
  tree_.remove("src/deep");
  EXPECT_THAT(fresh(*live).snapshot->files(), ElementsAre("src/a.txt"));
}

TEST_F(LiveIndexTest, AsOfMovesOnWhileNothingChanges) {
  tree_.write("a.txt", "x\n");
  const auto live = open();
  const auto first = fresh(*live);
  while (base::wall_now() <= first.as_of) {
  }
  const auto second = fresh(*live);
  EXPECT_GT(second.as_of, first.as_of);
  EXPECT_EQ(second.snapshot->status().generation, first.snapshot->status().generation);
}

TEST_F(LiveIndexTest, RulesOfIgnoringCountAtOnce) {
  tree_.write("a.txt", "x\n");
  tree_.write("b.txt", "x\n");
  EXPECT_TRUE(tree_.git_init());
  const auto live = open();
  EXPECT_EQ(lines_with(fresh(*live), "x"), 2u);
  tree_.write(".gitignore", "b.txt\n");
  EXPECT_THAT(fresh(*live).snapshot->files(), ElementsAre(".gitignore", "a.txt"));
}

TEST_F(LiveIndexTest, ManyChangesAtOnceAreAllThere) {
  for (int i = 0; i < 500; ++i) tree_.write("d" + std::to_string(i % 20) + "/" + std::to_string(i) + ".txt", "old\n");
  const auto live = open();
  EXPECT_EQ(fresh(*live).snapshot->files().size(), 500u);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 500; ++i) tree_.write("d" + std::to_string(i % 20) + "/" + std::to_string(i) + ".txt", "new\n");
    done = true;
  });
  size_t before = 0;
  while (!done) {
    const size_t now = fresh(*live).snapshot->grep("new", {.max_matches = 1000}, async::StopFlag())->matches.size();
    EXPECT_GE(now, before);
    before = now;
  }
  writer.join();
  const auto view = fresh(*live);
  EXPECT_EQ(view.snapshot->grep("new", {.max_matches = 1000}, async::StopFlag())->matches.size(), 500u);
  EXPECT_EQ(lines_with(view, "old"), 0u);
}

TEST_F(LiveIndexTest, WhatIsRemovedStaysOutUntilItIsAskedBack) {
  tree_.write("a.txt", "x\n");
  tree_.write("b.txt", "x\n");
  auto live = open();
  fresh(*live);
  live->order({.what = LiveIndex::Order::What::kRemove, .paths = {"a.txt"}});
  EXPECT_THAT(fresh(*live).snapshot->files(), ElementsAre("b.txt"));
  tree_.write("a.txt", "changed\n");
  auto view = fresh(*live);
  EXPECT_THAT(view.snapshot->files(), ElementsAre("b.txt"));
  EXPECT_EQ(view.snapshot->status().left_out.at("removed"), 1u);
  live = nullptr;
  live = open();
  EXPECT_THAT(fresh(*live).snapshot->files(), ElementsAre("b.txt"));
  live->order({.what = LiveIndex::Order::What::kRead, .paths = {"a.txt"}});
  EXPECT_THAT(fresh(*live).snapshot->files(), ElementsAre("a.txt", "b.txt"));
}

TEST_F(LiveIndexTest, ResetForgetsAndBuildsAnew) {
  tree_.write("a.txt", "x\n");
  const auto live = open();
  live->order({.what = LiveIndex::Order::What::kRemove, .paths = {"a.txt"}});
  const auto before = fresh(*live);
  EXPECT_THAT(before.snapshot->files(), IsEmpty());
  live->order({.what = LiveIndex::Order::What::kReset, .paths = {}});
  const auto after = fresh(*live);
  EXPECT_THAT(after.snapshot->files(), ElementsAre("a.txt"));
  EXPECT_GT(after.snapshot->status().generation, before.snapshot->status().generation);
}

TEST_F(LiveIndexTest, APausedIndexSaysThatItIsBehind) {
  tree_.write("a.txt", "x\n");
  const auto live = open();
  fresh(*live);
  live->pause(true);
  EXPECT_THAT(fresh(*live).stale, IsEmpty());  // nothing has changed
  tree_.write("b.txt", "y\n");
  const auto view = fresh(*live);
  EXPECT_THAT(view.stale, ::testing::HasSubstr("paused"));
  EXPECT_GE(view.pending, 1u);
  EXPECT_EQ(lines_with(view, "y"), 0u);
  live->pause(false);
  EXPECT_EQ(lines_with(fresh(*live), "y"), 1u);
}

TEST_F(LiveIndexTest, ChangesAreTakenInUnasked) {
  tree_.write("a.txt", "x\n");
  std::promise<void> taken_in;
  const auto live = open([&taken_in](const UpdateReport& report, const IndexStatus&) {
    if (report.files == 2) taken_in.set_value();
  });
  fresh(*live);
  tree_.write("b.txt", "y\n");
  ASSERT_EQ(taken_in.get_future().wait_for(60s), std::future_status::ready);
  EXPECT_THAT(live->snapshot()->files(), SizeIs(2));
}

}  // namespace
}  // namespace promethean::search
