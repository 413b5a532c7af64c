#include "cli/server_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/test_dir.h"
#include "json/json.h"

namespace promethean::cli {
namespace {

class ServerFileTest : public testing::Test {
 protected:
  // The file with one member changed.
  void change(std::string_view key, json::Value value) {
    const std::string path = server_file_path(dir_.path(), "/root");
    auto document = json::parse(*base::read_file(path));
    document->as_object()[key] = std::move(value);
    ASSERT_TRUE(base::write_file_atomic(path, json::write(*document)));
  }
  TestDir dir_;
};

TEST_F(ServerFileTest, IsFoundByItsRootOnly) {
  ASSERT_TRUE(write_server_file(dir_.path(), "/root", "127.0.0.1:3210"));
  const auto found = find_server(dir_.path(), "/root");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, "127.0.0.1:3210");
  EXPECT_EQ(found->pid, getpid());
  EXPECT_FALSE(find_server(dir_.path(), "/other"));
}

TEST_F(ServerFileTest, IsReadableByItsOwnerOnly) {
  ASSERT_TRUE(write_server_file(dir_.path() + "/state", "/root", "127.0.0.1:1"));
  struct stat info{};
  ASSERT_EQ(stat(server_file_path(dir_.path() + "/state", "/root").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  ASSERT_EQ(stat((dir_.path() + "/state/servers").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST_F(ServerFileTest, FileOfADeadProcessIsIgnored) {
  ASSERT_TRUE(write_server_file(dir_.path(), "/root", "127.0.0.1:1"));
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  ASSERT_EQ(waitpid(gone, nullptr, 0), gone);
  change("pid", gone);
  EXPECT_FALSE(find_server(dir_.path(), "/root"));
}

TEST_F(ServerFileTest, RecycledPidIsNotTakenForTheServer) {
  ASSERT_TRUE(write_server_file(dir_.path(), "/root", "127.0.0.1:1"));
  change("process", "12345");
  EXPECT_FALSE(find_server(dir_.path(), "/root"));
}

TEST_F(ServerFileTest, DamagedFilesCountAsAbsent) {
  for (const std::string text :
       {"", "{", "[]", "{\"pid\":\"x\"}", "{\"pid\":-1,\"address\":\"a\",\"root\":\"/root\"}"}) {
    std::filesystem::create_directories(dir_.path() + "/servers");
    ASSERT_TRUE(base::write_file_atomic(server_file_path(dir_.path(), "/root"), text));
    EXPECT_FALSE(find_server(dir_.path(), "/root")) << text;
  }
}

TEST_F(ServerFileTest, RemovesOnlyItsOwn) {
  ASSERT_TRUE(write_server_file(dir_.path(), "/root", "127.0.0.1:1"));
  change("pid", 1);
  remove_server_file(dir_.path(), "/root");
  EXPECT_TRUE(std::filesystem::exists(server_file_path(dir_.path(), "/root")));
  change("pid", getpid());
  remove_server_file(dir_.path(), "/root");
  EXPECT_FALSE(std::filesystem::exists(server_file_path(dir_.path(), "/root")));
}

}  // namespace
}  // namespace promethean::cli
