// For tests: a temporary directory that removes itself, and a few strokes to fill it.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace promethean::repo {

class TestTree {
 public:
  TestTree() {
    std::string name = (std::filesystem::temp_directory_path() / "promethean-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TestTree(const TestTree&) = delete;
  TestTree& operator=(const TestTree&) = delete;
  ~TestTree() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string at(std::string_view relative) const { return path_ + "/" + std::string(relative); }

  // Makes the directories above it too.
  void write(std::string_view relative, std::string_view text) const {
    const std::filesystem::path file = at(relative);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }
  void make_dir(std::string_view relative) const { std::filesystem::create_directories(at(relative)); }
  void remove(std::string_view relative) const { std::filesystem::remove_all(at(relative)); }
  void link(std::string_view target, std::string_view relative) const {
    std::filesystem::create_symlink(std::string(target), at(relative));
  }

  // `git init`; false when git is not installed.
  bool git_init(std::string_view relative = "") const {
    return std::system(("git init -q '" + at(relative) + "' >/dev/null 2>&1").c_str()) == 0;
  }

 private:
  std::string path_;
};

}  // namespace promethean::repo
