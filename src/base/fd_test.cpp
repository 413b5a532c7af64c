#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/hash.h"

namespace promethean::base {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() : dir(fs::canonical(fs::temp_directory_path()) / ("fd_test_" + random_hex(6))) {
    fs::create_directories(dir / "root/sub");
    EXPECT_TRUE(write_file_atomic(dir / "root/a.txt", "inside"));
    EXPECT_TRUE(write_file_atomic(dir / "root/sub/b.txt", "deep"));
    EXPECT_TRUE(write_file_atomic(dir / "secret", "outside"));
  }
  ~Files() override { fs::remove_all(dir); }

  static bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

  fs::path dir;
};

TEST(ReadFile, FilesOfProcSayThatTheyAreEmptyAndAreReadWhole) {
  const auto limits = read_file("/proc/self/limits", 1 << 20);
  ASSERT_TRUE(limits) << limits.error().message();
  EXPECT_NE(limits->find("Max realtime timeout"), std::string::npos);  // the last line
  const auto type = read_file("/proc/sys/kernel/ostype", 1 << 20);
  ASSERT_TRUE(type) << type.error().message();
  EXPECT_EQ(*type, "Linux\n");
}

TEST_F(Files, UniqueFdClosesOnce) {
  int raw = -1;
  {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    raw = fd.get();
    UniqueFd moved(std::move(fd));
    EXPECT_FALSE(fd);
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
  UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  raw = fd.release();
  fd.reset();
  EXPECT_TRUE(is_open(raw));
  ::close(raw);
}

TEST_F(Files, ARootReadsWhatLiesBeneathIt) {
  const RootDir root = *RootDir::open(dir / "root/sub/..");
  EXPECT_EQ(root.path(), (dir / "root").string());
  EXPECT_EQ(*root.read_file("a.txt", 100), "inside");
  EXPECT_EQ(*root.read_file("sub/b.txt", 100), "deep");
  EXPECT_EQ(*root.read_file("sub/../a.txt", 100), "inside");
  fs::create_symlink("sub/b.txt", dir / "root/link");
  EXPECT_EQ(*root.read_file("link", 100), "deep");
  EXPECT_TRUE(root.open_file(""));
  EXPECT_TRUE(root.open_file("."));
}

TEST_F(Files, NoPathLeavesARoot) {
  const RootDir root = *RootDir::open(dir / "root");
  fs::create_symlink(dir / "secret", dir / "root/absolute");
  fs::create_symlink("../secret", dir / "root/relative");
  fs::create_directory_symlink("..", dir / "root/up");
  for (const std::string& path :
       {std::string("../secret"), (dir / "secret").string(), std::string("sub/../../secret"), std::string("absolute"),
        std::string("relative"), std::string("up/secret"), std::string("/etc/passwd"), std::string("..")}) {
    const auto text = root.read_file(path, 100);
    ASSERT_FALSE(text) << path;
    EXPECT_EQ(text.error().code(), Code::kPermissionDenied) << path;
  }
  EXPECT_EQ(root.read_file(std::string("a.txt\0x", 7), 100).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(root.read_file("none", 100).error().code(), Code::kNotFound);
}

TEST_F(Files, ALinkThatIsSwappedWhileItIsReadNeverLeadsOut) {
  const RootDir root = *RootDir::open(dir / "root");
  std::atomic<bool> stop{false};
  std::thread swapper([&] {
    for (int i = 0; !stop; ++i) {
      const fs::path next = dir / "root/next";
      fs::create_symlink(i % 2 == 0 ? "a.txt" : "../secret", next);
      fs::rename(next, dir / "root/flips");
    }
  });
  for (int i = 0; i < 2'000; ++i) {
    const auto text = root.read_file("flips", 100);
    if (text) EXPECT_EQ(*text, "inside");
  }
  stop = true;
  swapper.join();
}

TEST_F(Files, OnlyRegularFilesAreReadAndOnlyUpToTheLimit) {
  const RootDir root = *RootDir::open(dir / "root");
  ASSERT_EQ(::mkfifo((dir / "root/pipe").c_str(), 0600), 0);
  EXPECT_EQ(root.read_file("pipe", 100).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(root.read_file("sub", 100).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(root.read_file("a.txt", 5).error().code(), Code::kTooLarge);
  EXPECT_EQ(*root.read_file("a.txt", 6), "inside");
  EXPECT_EQ(read_file("/dev/zero", 10'000).error().code(), Code::kTooLarge);  // no size to go by
}

TEST_F(Files, ARootMustBeADirectory) {
  EXPECT_EQ(RootDir::open(dir / "none").error().code(), Code::kNotFound);
  EXPECT_FALSE(RootDir::open(dir / "secret"));
}

TEST_F(Files, AnAtomicWriteReplacesTheWholeFileAndLeavesNothingElse) {
  const std::string path = dir / "state";
  ASSERT_TRUE(write_file_atomic(path, "one", 0600));
  ASSERT_TRUE(write_file_atomic(path, "two", 0600));
  EXPECT_EQ(*read_file(path), "two");
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir), fs::directory_iterator()), 3);
  EXPECT_FALSE(write_file_atomic(dir / "none/state", "x"));
}

TEST_F(Files, MakeDirsMakesAllAndIsRepeatable) {
  EXPECT_TRUE(make_dirs(dir / "x/y/z", 0700));
  EXPECT_TRUE(make_dirs(dir / "x/y/z", 0700));
  EXPECT_TRUE(fs::is_directory(dir / "x/y/z"));
  EXPECT_FALSE(make_dirs(dir / "secret/x"));
  EXPECT_TRUE(make_dirs((dir / "trailing/slash/").string()));
}

TEST_F(Files, AMappedFileShowsTheBytes) {
  const MappedFile file = *MappedFile::open(dir / "root/a.txt");
  EXPECT_EQ(file.bytes(), "inside");
  ASSERT_TRUE(write_file_atomic(dir / "empty", ""));
  EXPECT_EQ(MappedFile::open(dir / "empty")->bytes(), "");
  EXPECT_EQ(MappedFile::open(dir / "none").error().code(), Code::kNotFound);
  MappedFile moved = *MappedFile::open(dir / "root/a.txt");
  moved = *MappedFile::open(dir / "root/sub/b.txt");
  EXPECT_EQ(moved.bytes(), "deep");
}

}  // namespace
}  // namespace promethean::base
