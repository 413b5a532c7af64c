#include "llm/local/free_cores.h"

#include <gtest/gtest.h>

namespace promethean::llm::local {
namespace {

using std::chrono::milliseconds;

// A machine whose counters the test sets.
class FreeCoresTest : public testing::Test {
 protected:
  FreeCoresTest() { sample_.processors = 4; }

  FreeCores make(int limit) {
    sample_.when = base::steady_now() - std::chrono::seconds(1);
    return FreeCores(limit, [this] { return sample_; });
  }

  // One second later, in which others used `others` seconds and we used `own`.
  void pass(double others, double own) {
    sample_.when += std::chrono::seconds(1);
    sample_.machine_seconds += others + own;
    sample_.own_seconds += own;
  }

  CpuSample sample_;
};

TEST_F(FreeCoresTest, TakesAllProcessorsOfAnIdleMachine) {
  FreeCores cores = make(4);
  pass(0.05, 0);
  EXPECT_EQ(cores.begin(), 4);
}

TEST_F(FreeCoresTest, LeavesWhatOthersUse) {
  FreeCores cores = make(4);
  pass(1.9, 2);
  EXPECT_EQ(cores.begin(), 2);
}

TEST_F(FreeCoresTest, DoesNotCountItsOwnWorkAsOthers) {
  FreeCores cores = make(4);
  pass(0, 4);
  EXPECT_EQ(cores.now(), 4);
}

TEST_F(FreeCoresTest, UsesAtLeastOneOnABusyMachine) {
  FreeCores cores = make(2);
  pass(4, 0);
  EXPECT_EQ(cores.begin(), 1);
}

TEST_F(FreeCoresTest, NeverUsesMoreThanItMay) {
  FreeCores cores = make(2);
  pass(0, 0);
  EXPECT_EQ(cores.begin(), 2);
}

TEST_F(FreeCoresTest, CountsRunningThreadsWhenTheLastLookIsTooOld) {
  FreeCores cores = make(4);
  sample_.when += std::chrono::minutes(10);
  sample_.running = 3;  // ours and two others
  EXPECT_EQ(cores.begin(), 2);
}

TEST_F(FreeCoresTest, FallsBackToTheLimitWithoutCounters) {
  FreeCores cores(3, []() -> std::optional<CpuSample> { return std::nullopt; });
  EXPECT_EQ(cores.begin(), 3);
  EXPECT_EQ(cores.now(), 3);
}

TEST(FreeCoresKernel, ReadsThisMachine) {
  const auto sample = FreeCores::read_kernel();
  ASSERT_TRUE(sample);
  EXPECT_GE(sample->processors, 1);
  EXPECT_GT(sample->machine_seconds, 0);
  EXPECT_GT(sample->own_seconds, 0);
  EXPECT_GE(sample->running, 1);
}

}  // namespace
}  // namespace promethean::llm::local
