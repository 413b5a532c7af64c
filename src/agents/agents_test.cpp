#include <gmock/gmock.h>
#include <sys/stat.h>

#include "agents/audit.h"
#include "agents/command_line.h"
#include "agents/guard.h"
#include "base/fd.h"
#include "repo/test_tree.h"

namespace promethean::agents {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SplitCommand, TakesWordsApartAsAShellDoes) {
  EXPECT_THAT(*split_command("echo hello"), ElementsAre("echo", "hello"));
  EXPECT_THAT(*split_command("  a\t'b c' \"d e\"f  \n"), ElementsAre("a", "b c", "d ef"));
  EXPECT_THAT(*split_command(R"(a \  "x\"y\\z\n" '\n' "")"), ElementsAre("a", " ", R"(x"y\z\n)", R"(\n)", ""));
  EXPECT_THAT(split_command("git log --format='%h;%s' | cat").error().message(), HasSubstr("shell"));
}

TEST(SplitCommand, RefusesWhatItCannotDo) {
  for (const char* line : {"a | b", "a && b", "a; b", "a > f", "a < f", "echo `b`", "echo $(b)", "a\nb", "a 'b",
                           "a \"b", "a \\", "", "   "}) {
    const auto words = split_command(line);
    ASSERT_FALSE(words.has_value()) << line;
    EXPECT_EQ(words.error().field(), "command") << line;
  }
  EXPECT_FALSE(split_command(std::string_view("a\0b", 3)).has_value());
  EXPECT_THAT(*split_command("echo '|' \"&&\" \\; $HOME"), ElementsAre("echo", "|", "&&", ";", "$HOME"));
}

TEST(Guard, KnowsWhatNobodyMeans) {
  for (const char* command :
       {"rm -rf /", "rm -fr /home", "rm -r -f /etc", "rm -rf --no-preserve-root /", "sudo rm -Rf '/usr'",
        "psql -c 'DROP DATABASE x'", "mkfs.ext4 /dev/sda1", "mkfs -t ext4 /dev/sdb", "shutdown -h now", "/sbin/reboot",
        "chmod 777 x", "chmod -R 0777 .", "dd if=/dev/zero of=/dev/sda"}) {
    EXPECT_TRUE(guarded(command).has_value()) << command;
  }
  for (const char* command : {"rm -rf build", "rm -rf ./x", "rm -f /tmp/x", "grep -rn shutdown_hook src", "chmod 755 x",
                              "echo rebooting", "ls /dev", "make mkfs_test"}) {
    EXPECT_FALSE(guarded(command).has_value()) << command;
  }
}

TEST(AuditLog, IsALineForEachRunThatOnlyItsOwnerReads) {
  const repo::TestTree tree;
  AuditLog log(tree.at("audit.jsonl"));
  ASSERT_TRUE(log.write({{"event", "exec.start"}, {"command", "a\nb"}}).has_value());
  ASSERT_TRUE(log.write({{"event", "exec.end"}}).has_value());
  const auto text = base::read_file(tree.at("audit.jsonl"));
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(std::ranges::count(*text, '\n'), 2);
  EXPECT_THAT(*text, HasSubstr(R"("event":"exec.start","command":"a\nb")"));
  struct stat info{};
  ::stat(tree.at("audit.jsonl").c_str(), &info);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_FALSE(AuditLog(tree.at("no/such/dir")).write({}).has_value());
}

}  // namespace
}  // namespace promethean::agents
