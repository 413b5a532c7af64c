#include "async/process.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include "async/testing.h"

namespace promethean::async {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

base::Result<RunResult> run(ProcessOptions options, RunLimits limits = {},
                            std::optional<std::chrono::milliseconds> cancel_after = std::nullopt) {
  TestLoop loop;
  Context ctx(loop.core());
  std::optional<Context> canceller;
  std::optional<Context::Hook> hook;
  if (cancel_after) {
    canceller.emplace(loop.core(), base::steady_now() + *cancel_after);
    hook.emplace(*canceller, [&ctx] { ctx.cancel(); });
  }
  return loop.run(run_process(ctx, std::move(options), limits));
}

ProcessOptions shell(std::string script) {
  return {.argv = {"sh", "-c", std::move(script)}, .environment = {"PATH=/usr/bin:/bin"}};
}

TEST(RunProcess, GivesOutputErrorAndExitCode) {
  const auto result = run(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output.text, "out\n");
  EXPECT_EQ(result->error.text, "err\n");
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->signal, 0);
  EXPECT_FALSE(result->timed_out);
}

TEST(RunProcess, TellsASignalFromAnExitCode) {
  const auto result = run(shell("kill -TERM $$"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->exit_code, std::nullopt);
  EXPECT_EQ(result->signal, SIGTERM);
  EXPECT_EQ(signal_name(result->signal), "SIGTERM");
}

TEST(RunProcess, KeepsTheTailOfLongOutput) {
  const auto result = run(shell("seq 1 200000"), {.max_output = 1000});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output.text.size(), 1000u);
  EXPECT_THAT(result->output.text, ::testing::EndsWith("199999\n200000\n"));
  EXPECT_EQ(result->output.total, 1288895u);
  EXPECT_TRUE(result->output.truncated());
  EXPECT_FALSE(result->error.truncated());
}

TEST(RunProcess, ATimeOutEndsTheWholeGroup) {
  const auto result = run(shell("sleep 1000 & sleep 1000"), {.timeout = 50ms, .grace = 50ms});
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->signal, SIGTERM);
  EXPECT_LT(result->took, 30s);
}

TEST(RunProcess, OneThatIgnoresSigtermIsKilled) {
  const auto result = run(shell("trap '' TERM; while :; do sleep 0.01; done"), {.timeout = 100ms, .grace = 50ms});
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->signal, SIGKILL);
}

TEST(RunProcess, WhatItLeavesBehindDoesNotHoldUpTheAnswer) {
  const auto result = run(shell("setsid sleep 1000 & echo started"), {.timeout = 60s});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output.text, "started\n");
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_LT(result->took, 30s);
}

TEST(RunProcess, ACancelledCallKillsIt) {
  const auto result = run(shell("sleep 1000"), {}, 30ms);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), base::Code::kCancelled);
}

TEST(RunProcess, HasOnlyTheEnvironmentAndDescriptorsItIsGiven) {
  ProcessOptions options = shell("env; ls /proc/self/fd | wc -l; cat");
  options.environment.push_back("COLOUR=blue");
  const auto result = run(options);
  ASSERT_TRUE(result.has_value());
  EXPECT_THAT(result->output.text, HasSubstr("COLOUR=blue\n"));
  EXPECT_THAT(result->output.text, ::testing::Not(HasSubstr("HOME=")));
  EXPECT_THAT(result->output.text, ::testing::EndsWith("\n4\n"));  // 0, 1, 2 and the one that ls reads
}

TEST(RunProcess, LimitsHold) {
  ProcessOptions options = shell("ulimit -n; head -c 1000000 /dev/zero >/dev/shm/promethean-limit; echo $?");
  options.limits = {{RLIMIT_NOFILE, 33}, {RLIMIT_FSIZE, 4096}};
  const auto result = run(options);
  ASSERT_TRUE(result.has_value());
  EXPECT_THAT(result->output.text, StartsWith("33\n"));
  EXPECT_THAT(result->output.text, ::testing::Not(HasSubstr("\n0\n")));
  run(shell("rm -f /dev/shm/promethean-limit"));
}

TEST(RunProcess, ATerminalIsOne) {
  ProcessOptions options = shell("test -t 0 && test -t 1 && test -t 2 && echo terminal; stty size");
  options.terminal = true;
  const auto result = run(options);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output.text, "terminal\r\n40 120\r\n");
  EXPECT_EQ(result->exit_code, 0);
}

TEST(RunProcess, SaysWhatCannotBeStarted) {
  EXPECT_EQ(run({.argv = {"no-such-program"}, .environment = {}}).error().code(), base::Code::kNotFound);
  EXPECT_EQ(run({.argv = {"/etc/passwd"}, .environment = {}}).error().code(), base::Code::kPermissionDenied);
  EXPECT_EQ(run({.argv = {}, .environment = {}}).error().code(), base::Code::kInvalidArgument);
}

}  // namespace
}  // namespace promethean::async
