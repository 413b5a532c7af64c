#include "repo/walk.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <set>

#include "repo/test_tree.h"

namespace promethean::repo {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> paths(const WalkResult& result) {
  std::vector<std::string> names;
  for (const auto& file : result.files) names.push_back(file.path);
  return names;
}

WalkResult walk_tree(const std::string& path, WalkOptions options = {}) {
  const auto root = base::RootDir::open(path);
  auto result = walk(*root, options, async::StopFlag());
  EXPECT_TRUE(result.has_value());
  return std::move(*result);
}

TEST(Walk, ListsRegularFilesInOrderAndCountsTheRest) {
  const TestTree tree;
  tree.write("b/x.c", "x");
  tree.write("a.c", "a");
  tree.write("b.c", "b");
  tree.write(".github/ci.yml", "ci");
  tree.write("out/y.o", "o");
  tree.write(".gitignore", "/out/\n");
  tree.link("a.c", "link.c");
  tree.link("/etc", "etc");
  ASSERT_EQ(::mkfifo(tree.at("pipe").c_str(), 0600), 0);
  const WalkResult result = walk_tree(tree.path());
  EXPECT_THAT(paths(result), ElementsAre(".github/ci.yml", ".gitignore", "a.c", "b.c", "b/x.c"));
  EXPECT_EQ(result.ignored, 1u);
  EXPECT_EQ(result.not_regular, 3u);
  EXPECT_TRUE(result.files[0].hidden);
  EXPECT_FALSE(result.files[2].hidden);
  EXPECT_EQ(result.files[2].stat.size, 1u);
}

TEST(Walk, ExcludeGlobsAreStrongerThanFiles) {
  const TestTree tree;
  tree.write("a.gen.c", "");
  tree.write("b.c", "");
  tree.write(".ignore", "!a.gen.c\n");
  EXPECT_THAT(paths(walk_tree(tree.path(), {.exclude_globs = {"*.gen.c"}})), ElementsAre(".ignore", "b.c"));
}

TEST(Walk, ANestedRepositoryBringsItsOwnRules) {
  const TestTree tree;
  if (!tree.git_init() || !tree.git_init("lib")) FAIL() << "git is not installed: scripts/bootstrap test";
  tree.write(".gitignore", "*.o\n");
  tree.write("x.o", "");
  tree.write("lib/y.o", "");
  tree.write("lib/z.tmp", "");
  tree.write("lib/.git/info/exclude", "*.tmp\n");
  EXPECT_THAT(paths(walk_tree(tree.path())), ElementsAre(".gitignore", "lib/y.o"));
}

TEST(Walk, ARootInsideARepositoryObeysTheFilesAbove) {
  const TestTree tree;
  if (!tree.git_init()) FAIL() << "git is not installed: scripts/bootstrap test";
  tree.write(".gitignore", "/app/gen/\n*.o\n/other\n");
  tree.write("app/gen/a.c", "");
  tree.write("app/b.o", "");
  tree.write("app/other", "");
  EXPECT_THAT(paths(walk_tree(tree.at("app"))), ElementsAre("other"));
}

TEST(Walk, AnUnreadableDirectoryIsCounted) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const TestTree tree;
  tree.write("secret/x", "");
  tree.write("a", "");
  ASSERT_EQ(::chmod(tree.at("secret").c_str(), 0), 0);
  const WalkResult result = walk_tree(tree.path());
  ::chmod(tree.at("secret").c_str(), 0700);
  EXPECT_THAT(paths(result), ElementsAre("a"));
  EXPECT_EQ(result.unreadable, 1u);
}

// Trees and rules of few letters, so that they meet often.
class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {}

  void fill(const TestTree& tree) {
    std::vector<std::string> directories{""};
    for (int i = 0; i < 12; ++i) {
      const std::string directory = pick(directories) + name() + "/";
      if (exists(tree, directory.substr(0, directory.size() - 1))) continue;
      tree.make_dir(directory);
      directories.push_back(directory);
    }
    for (int i = 0; i < 60; ++i) {
      const std::string file = pick(directories) + name();
      if (!exists(tree, file)) tree.write(file, "x");
    }
    for (int i = 0; i < 4; ++i) tree.write(pick(directories) + ".gitignore", rules());
    tree.write(".git/info/exclude", rules());
  }

 private:
  static bool exists(const TestTree& tree, const std::string& path) { return std::filesystem::exists(tree.at(path)); }
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  const std::string& pick(const std::vector<std::string>& from) {
    return from[below(static_cast<unsigned>(from.size()))];
  }

  std::string name() {
    static constexpr const char* kParts[] = {"a", "b", "c", "A", "ab", ".o",       " ", "#",
                                             "!", "[", "]", "-", "\\", "\xC3\xA9", "*"};
    std::string text = kParts[below(4)];
    for (unsigned n = below(3); n > 0; --n) text += kParts[below(std::size(kParts))];
    return text;
  }

  std::string rules() {
    std::string text = below(8) == 0 ? "\xEF\xBB\xBF" : "";
    for (unsigned lines = 1 + below(6); lines > 0; --lines) text += rule() + (below(6) == 0 ? "\r\n" : "\n");
    if (below(4) == 0) text.pop_back();
    return text;
  }

  std::string rule() {
    static constexpr const char* kParts[] = {"a",    "b",    "c",     "A",        "*",    "*",           "**",
                                             "?",    "/",    "/",     "[ab]",     "[!a]", "[a-c]",       "[",
                                             "]",    "\\",   "\\a",   "\\*",      ".o",   " ",           "\\ ",
                                             "#",    "!",    "**/",   "/**",      "/**/", "[[:alpha:]]", "[[:upper:]",
                                             "[]a]", "[^]]", "[\\]]", "\xC3\xA9", "ab",   "[a-",         "[[:x:]]"};
    std::string text = below(4) == 0 ? "!" : "";
    if (below(4) == 0) text += "/";
    for (unsigned n = 1 + below(4); n > 0; --n) text += kParts[below(std::size(kParts))];
    if (below(4) == 0) text += "/";
    if (below(8) == 0) text += "  ";
    return text;
  }

  std::mt19937 random_;
};

// What git itself would list: every file that no standard rule ignores. The tree has no tracked files.
std::set<std::string> git_files(const TestTree& tree) {
  const std::string command = "git -c core.quotePath=false -C '" + tree.path() + "' ls-files -z -o --exclude-standard";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::set<std::string> files;
  std::string file;
  for (int c; (c = std::fgetc(pipe.get())) != EOF;) {
    if (c != 0) {
      file += static_cast<char>(c);
      continue;
    }
    files.insert(std::exchange(file, {}));
  }
  return files;
}

TEST(Walk, AgreesWithGitOnRandomTrees) {
  constexpr unsigned kSeed = 20261125;
  for (unsigned round = 0; round < 60; ++round) {
    const TestTree tree;
    if (!tree.git_init()) FAIL() << "git is not installed: scripts/bootstrap test";
    RandomTree(kSeed + round).fill(tree);
    const auto ours = paths(walk_tree(tree.path()));
    const std::set<std::string> mine(ours.begin(), ours.end());
    ASSERT_EQ(mine, git_files(tree)) << "seed " << kSeed + round;
  }
}

TEST(Walk, IsTheSameOnOneThreadAndOnFour) {
  const TestTree tree;
  RandomTree(7).fill(tree);
  EXPECT_EQ(paths(walk_tree(tree.path(), {.threads = 1})), paths(walk_tree(tree.path(), {.threads = 4})));
}

}  // namespace
}  // namespace promethean::repo
