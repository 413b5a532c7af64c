#include "llm/breaker.h"

#include <gtest/gtest.h>

namespace promethean::llm {
namespace {

using namespace std::chrono_literals;

class BreakerTest : public testing::Test {
 protected:
  bool lets_through() { return breaker_.admit("m", now_).has_value(); }
  void fail_times(int n) {
    for (int i = 0; i < n; ++i) breaker_.failed(now_);
  }
  Breaker breaker_;
  base::SteadyTime now_ = base::SteadyTime{} + 1h;
};

TEST_F(BreakerTest, OpensAfterFailuresInARowOnly) {
  fail_times(Breaker::kFailures - 1);
  breaker_.succeeded();
  fail_times(Breaker::kFailures - 1);
  EXPECT_TRUE(lets_through());
  fail_times(1);
  EXPECT_FALSE(lets_through());
}

TEST_F(BreakerTest, SaysHowLongItStaysOpenAndThenLetsOneTry) {
  fail_times(Breaker::kFailures);
  now_ += 2s;
  EXPECT_EQ(breaker_.admit("m", now_).error().retry_after(), Breaker::kFirstPause - 2s);
  now_ += 3s;
  EXPECT_TRUE(lets_through());
  EXPECT_FALSE(lets_through()) << "the one that tries has not come back";
  breaker_.gave_up();
  EXPECT_TRUE(lets_through());
  breaker_.succeeded();
  EXPECT_TRUE(lets_through());
  EXPECT_TRUE(lets_through());
}

TEST_F(BreakerTest, ThePauseDoublesUpToItsLimit) {
  fail_times(Breaker::kFailures);
  auto pause = Breaker::kFirstPause;
  for (int i = 0; i < 8; ++i) {
    now_ += pause;
    ASSERT_TRUE(lets_through());
    breaker_.failed(now_);
    pause = std::min(pause * 2, Breaker::kLongestPause);
    EXPECT_EQ(breaker_.admit("m", now_).error().retry_after(), pause);
  }
}

}  // namespace
}  // namespace promethean::llm
