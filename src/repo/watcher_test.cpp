#include "repo/watcher.h"

#include <gmock/gmock.h>

#include <thread>

#include "repo/test_tree.h"

namespace promethean::repo {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class WatcherTest : public ::testing::Test {
 protected:
  WatcherTest() : root_(*base::RootDir::open(tree_.path())), watcher_(*Watcher::open()) {}

  // Walks and watches; gives the files that the walk saw.
  std::vector<std::string> walk_and_watch(std::vector<Look> looks = {}) {
    const WalkOptions options{.looks = std::move(looks),
                              .on_directory = [this](const std::string& path, int fd) { watcher_->watch(path, fd); }};
    const auto result = walk(root_, options, async::StopFlag());
    EXPECT_TRUE(result.has_value());
    std::vector<std::string> files;
    for (const auto& file : result->files) files.push_back(file.path);
    return files;
  }
  // The changes that are known now: "dir" or "dir/**", or "*" for everything.
  std::vector<std::string> changes() {
    watcher_->poll();
    std::vector<std::string> out;
    const auto changes = watcher_->take();
    if (changes.everything) out.emplace_back("*");
    for (const Look& look : changes.looks) out.push_back(look.directory + (look.below ? "/**" : ""));
    return out;
  }

  TestTree tree_;
  base::RootDir root_;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(WatcherTest, NamesTheDirectoryOfAChangedFile) {
  tree_.write("a/b/x.txt", "1");
  tree_.write("a/y.txt", "1");
  walk_and_watch();
  EXPECT_THAT(changes(), IsEmpty());
  tree_.write("a/b/x.txt", "2");
  EXPECT_THAT(changes(), UnorderedElementsAre("a/b"));
  tree_.remove("a/y.txt");
  tree_.write("top.txt", "1");
  EXPECT_THAT(changes(), UnorderedElementsAre("a", ""));
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(WatcherTest, AWholeDirectoryThatComesOrGoesIsLookedAtBelow) {
  tree_.write("a/x.txt", "1");
  walk_and_watch();
  tree_.write("new/deep/f.txt", "1");
  EXPECT_THAT(changes(), UnorderedElementsAre("new/**"));
  EXPECT_THAT(walk_and_watch({{"new", true}}), UnorderedElementsAre("new/deep/f.txt"));
  changes();
  tree_.write("new/deep/f.txt", "2");
  EXPECT_THAT(changes(), UnorderedElementsAre("new/deep"));
  std::filesystem::rename(tree_.at("new"), tree_.at("moved"));
  EXPECT_THAT(changes(), ::testing::IsSupersetOf({"new/**", "moved/**"}));
  EXPECT_THAT(walk_and_watch({{"new", true}, {"moved", true}}), UnorderedElementsAre("moved/deep/f.txt"));
  changes();
  tree_.write("moved/deep/f.txt", "3");  // the watch has followed the move
  EXPECT_THAT(changes(), UnorderedElementsAre("moved/deep"));
}

TEST_F(WatcherTest, RulesOfIgnoringConcernEverything) {
  tree_.write("a/x.txt", "1");
  walk_and_watch();
  tree_.write("a/.gitignore", "x.txt\n");
  EXPECT_THAT(changes(), ::testing::Contains("*"));
}

TEST_F(WatcherTest, IgnoredDirectoriesAreNotWatched) {
  tree_.write(".ignore", "out/\n");
  tree_.write("out/x.o", "1");
  walk_and_watch();
  tree_.write("out/x.o", "2");
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(WatcherTest, ALostEventMeansEverything) {
  tree_.write("a.txt", "1");
  walk_and_watch();
  // Alternating names: equal events in a row would be one.
  for (int i = 0; i < 20'000; ++i) tree_.write(i % 2 == 0 ? "a.txt" : "b.txt", "1");
  EXPECT_THAT(changes(), ::testing::Contains("*"));
}

TEST_F(WatcherTest, WaitEndsWithAChangeOrAWake) {
  walk_and_watch();
  EXPECT_FALSE(watcher_->wait(std::chrono::milliseconds(1)));
  std::thread writer([this] { tree_.write("x.txt", "1"); });
  EXPECT_TRUE(watcher_->wait(std::chrono::seconds(60)));
  writer.join();
  changes();
  std::thread waker([this] { watcher_->wake(); });
  EXPECT_FALSE(watcher_->wait(std::chrono::seconds(60)));
  waker.join();
}

TEST_F(WatcherTest, ALookGivesWhatAWholeWalkGivesThere) {
  tree_.write(".gitignore", "*.log\nskip/\n");
  tree_.write("a/x.txt", "1");
  tree_.write("a/x.log", "1");
  tree_.write("a/sub/y.txt", "1");
  tree_.write("a/sub/.ignore", "z.txt\n");
  tree_.write("a/sub/z.txt", "1");
  tree_.write("skip/k.txt", "1");
  tree_.link("a", "link");
  EXPECT_TRUE(tree_.git_init());
  EXPECT_THAT(walk_and_watch({{"a", false}}), UnorderedElementsAre("a/x.txt"));
  EXPECT_THAT(walk_and_watch({{"a", true}}), UnorderedElementsAre("a/x.txt", "a/sub/y.txt", "a/sub/.ignore"));
  EXPECT_THAT(walk_and_watch({{"a/sub", false}, {"a/sub", true}, {"a/sub", false}}),
              UnorderedElementsAre("a/sub/y.txt", "a/sub/.ignore"));
  for (const char* nothing : {"skip", "link", "link/sub", ".git", "absent", "a/x.txt", "../x"}) {
    EXPECT_THAT(walk_and_watch({{nothing, true}}), IsEmpty()) << nothing;
  }
  EXPECT_THAT(walk_and_watch({{"", false}}), UnorderedElementsAre(".gitignore"));
}

TEST(LooksTest, CoverFilesNotNames) {
  const Looks looks({{"a/b", false}, {"c", true}});
  for (const char* path : {"a/b/x", "c/x", "c/d/e/x"}) EXPECT_TRUE(looks.cover(path)) << path;
  for (const char* path : {"a/x", "a/b/c/x", "a/bb/x", "cc/x", "x"}) EXPECT_FALSE(looks.cover(path)) << path;
  EXPECT_TRUE(Looks({{"", true}}).cover("a/b"));
  EXPECT_TRUE(Looks({{"", false}}).cover("a"));
  EXPECT_FALSE(Looks({{"", false}}).cover("a/b"));
}

}  // namespace
}  // namespace promethean::repo
