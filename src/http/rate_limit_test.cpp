#include "http/rate_limit.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace promethean::http {
namespace {

base::SteadyTime at(double seconds) {
  return base::SteadyTime(std::chrono::hours(1)) +
         std::chrono::duration_cast<base::SteadyTime::duration>(std::chrono::duration<double>(seconds));
}

TEST(RateLimiter, ABurstThenOneByOne) {
  RateLimiter limiter(2, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", 1, at(0)), 0);
  EXPECT_DOUBLE_EQ(limiter.take("a", 1, at(0)), 0.5);
  EXPECT_DOUBLE_EQ(limiter.take("a", 1, at(0.25)), 0.25);
  EXPECT_EQ(limiter.take("a", 1, at(0.5)), 0);
  EXPECT_GT(limiter.take("a", 1, at(0.5)), 0);
}

TEST(RateLimiter, CallersDoNotTouchOneAnother) {
  RateLimiter limiter(1, 1);
  EXPECT_EQ(limiter.take("a", 1, at(0)), 0);
  EXPECT_GT(limiter.take("a", 1, at(0)), 0);
  EXPECT_EQ(limiter.take("b", 1, at(0)), 0);
}

TEST(RateLimiter, AnIdleCallerSavesNoMoreThanTheBurst) {
  RateLimiter limiter(100, 2);
  EXPECT_EQ(limiter.take("a", 2, at(0)), 0);
  EXPECT_EQ(limiter.take("a", 2, at(1'000)), 0);
  EXPECT_GT(limiter.take("a", 1, at(1'000)), 0);
}

TEST(RateLimiter, ACostAboveTheBurstIsPossible) {
  RateLimiter limiter(1, 2);
  EXPECT_EQ(limiter.take("a", 50, at(0)), 0);
  EXPECT_DOUBLE_EQ(limiter.take("a", 50, at(0)), 2);
}

TEST(RateLimiter, ARefusalTakesNothing) {
  RateLimiter limiter(1, 1);
  EXPECT_EQ(limiter.take("a", 1, at(0)), 0);
  for (int i = 0; i < 100; ++i) EXPECT_GT(limiter.take("a", 1, at(0.5)), 0);
  EXPECT_EQ(limiter.take("a", 1, at(1)), 0);
}

TEST(RateLimiter, AClockThatRunsBackwardsGainsNothing) {
  RateLimiter limiter(1, 1);
  EXPECT_EQ(limiter.take("a", 1, at(10)), 0);
  EXPECT_GT(limiter.take("a", 1, at(5)), 0);
  EXPECT_GT(limiter.take("a", 1, at(10.5)), 0);
}

TEST(RateLimiter, AFloodOfNamesGetsNoFreshBuckets) {
  RateLimiter limiter(1, 1, 160);
  size_t granted = 0;
  for (int i = 0; i < 10'000; ++i) granted += limiter.take("name" + std::to_string(i), 1, at(0)) == 0 ? 1 : 0;
  EXPECT_LE(granted, 160U + 16U);                  // the table, and one shared bucket for each shard
  EXPECT_EQ(limiter.take("late", 1, at(100)), 0);  // callers at rest have made room
}

// The twin: one caller's bucket in exact steps of a millisecond.
TEST(RateLimiter, AgreesWithABucketFilledEveryMillisecond) {
  std::mt19937 random(9);
  RateLimiter limiter(50, 5);
  std::map<std::string, std::pair<double, int>> twin;  // tokens, millisecond
  int now = 0;
  for (int i = 0; i < 5'000; ++i) {
    now += static_cast<int>(random() % 30);
    const std::string caller(1, static_cast<char>('a' + random() % 3));
    const double cost = 1 + random() % 3;
    auto& [tokens, filled] = twin.try_emplace(caller, 5.0, now).first->second;
    for (; filled < now; ++filled) tokens = std::min(5.0, tokens + 0.05);
    const bool expected = tokens >= cost - 1e-9;
    if (std::abs(tokens - cost) < 1e-6) continue;  // rounding may decide either way
    if (expected) tokens -= cost;
    ASSERT_EQ(limiter.take(caller, cost, at(now / 1'000.0)) == 0, expected) << i;
  }
}

}  // namespace
}  // namespace promethean::http
