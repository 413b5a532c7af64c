#include "llm/local/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "base/clock.h"

namespace promethean::llm::local {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ChildTest : public testing::Test {
 protected:
  // Runs a shell script as a child until it exits.
  void run(const std::string& script) {
    start({"/bin/sh", "-c", script});
    run_until([this] { return how_.has_value(); });
  }

  void start(std::vector<std::string> argv) {
    auto child = ChildProcess::start(io_.get_executor(), std::move(argv),
                                     {.on_line = [this](std::string_view line) { lines_.emplace_back(line); },
                                      .on_exit = [this](std::string how) { how_ = std::move(how); }});
    ASSERT_TRUE(child) << child.error().message();
    child_ = *std::move(child);
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto give_up = base::steady_now() + std::chrono::seconds(30);
    while (!condition() && base::steady_now() < give_up) io_.run_one_for(std::chrono::milliseconds(50));
    ASSERT_TRUE(condition()) << "nothing happened for 30 s";
  }

  async::asio::io_context io_{1};
  // Keeps the loop going while nothing is to do.
  async::asio::executor_work_guard<async::Executor> keep_{io_.get_executor()};
  std::vector<std::string> lines_;
  std::optional<std::string> how_;
  std::unique_ptr<ChildProcess> child_;
};

TEST_F(ChildTest, GivesLinesOfBothOutputsAndThenTheExit) {
  run("echo one; echo two >&2; printf three; exit 3");
  EXPECT_THAT(lines_, ElementsAre("one", "two", "three"));
  EXPECT_EQ(how_, "exit status 3");
}

TEST_F(ChildTest, SaysWhichSignalKilledIt) {
  run("kill -9 $$");
  EXPECT_EQ(how_, "killed by signal 9");
}

TEST_F(ChildTest, PassesNoSecretsOn) {
  ::setenv("OPENAI_API_KEY", "sk-secret", 1);
  run("env");
  ::unsetenv("OPENAI_API_KEY");
  EXPECT_THAT(lines_, Contains(HasSubstr("PATH=")));
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("secret"))));
}

TEST_F(ChildTest, PassesNoDescriptorsOnAndAnEmptyInput) {
  // 3 is the folder that ls itself reads.
  run("cat; ls /proc/self/fd | tr '\\n' ' '");
  EXPECT_THAT(lines_, ElementsAre("0 1 2 3 "));
}

TEST_F(ChildTest, CutsALineThatNeverEnds) {
  run("head -c 10000 /dev/zero | tr '\\0' x");
  ASSERT_GE(lines_.size(), 2U);
  for (const auto& line : lines_) EXPECT_LE(line.size(), 8192U);
}

TEST_F(ChildTest, ReportsTheExitAlthoughAGrandchildHoldsThePipe) {
  run("sleep 1000 & echo $!");
  EXPECT_EQ(how_, "exit status 0");
  ASSERT_EQ(lines_.size(), 1U);
  ::kill(std::stoi(lines_[0]), SIGKILL);
}

TEST_F(ChildTest, FailsForAProgramThatIsNotThere) {
  const auto child = ChildProcess::start(io_.get_executor(), {"/nowhere/program"}, {});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code(), base::Code::kNotFound);
}

TEST_F(ChildTest, KillsAndReapsWhenItIsDestroyed) {
  start({"/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"});
  const int pid = child_->pid();
  child_.reset();
  EXPECT_EQ(::waitpid(pid, nullptr, 0), -1) << "no zombie is left to wait for";
  EXPECT_EQ(::kill(pid, 0), -1);
}

// Gone, or dead and waiting for an init process that reaps late.
bool is_dead(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string id;
  std::string name;
  char state = 'Z';
  stat >> id >> name >> state;
  return state == 'Z';
}

TEST_F(ChildTest, DiesWithItsParent) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    async::asio::io_context io(1);
    auto child = ChildProcess::start(io.get_executor(), {"/bin/sh", "-c", "while :; do sleep 1; done"},
                                     {.on_line = [](std::string_view) {}, .on_exit = [](const std::string&) {}});
    const int pid = child ? (*child)->pid() : 0;
    const ssize_t written = ::write(ends[1], &pid, sizeof(pid));
    ::kill(::getpid(), written > 0 ? SIGKILL : SIGABRT);
  }
  int pid = 0;
  ASSERT_EQ(::read(ends[0], &pid, sizeof(pid)), static_cast<ssize_t>(sizeof(pid)));
  ::close(ends[0]);
  ::close(ends[1]);
  ::waitpid(parent, nullptr, 0);
  ASSERT_GT(pid, 0);
  run_until([pid] { return is_dead(pid); });
}

}  // namespace
}  // namespace promethean::llm::local
