#include "llm/local/token_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace promethean::llm::local {
namespace {

TEST(TokenScores, AreTheSoftmaxOfTheScores) {
  // e^0, e^ln2, e^ln5: 1, 2 and 5 of 8.
  const std::vector<float> scores{0.0F, std::log(2.0F), std::log(5.0F)};
  const TokenLikelihoods got = likelihoods_of(scores, 1, 2);
  EXPECT_NEAR(got.chosen, std::log(2.0 / 8), 1e-6);
  ASSERT_EQ(got.top.size(), 2U);
  EXPECT_EQ(got.top[0].token, 2);
  EXPECT_NEAR(got.top[0].logprob, std::log(5.0 / 8), 1e-6);
  EXPECT_EQ(got.top[1].token, 1);
  EXPECT_NEAR(got.top[1].logprob, got.chosen, 1e-12);
}

TEST(TokenScores, DoNotOverflow) {
  const std::vector<float> scores{1000.0F, 1000.0F, -1000.0F};
  const TokenLikelihoods got = likelihoods_of(scores, 2, 3);
  EXPECT_NEAR(got.top[0].logprob, std::log(0.5), 1e-9);
  EXPECT_EQ(got.top[0].token, 0) << "of equals the lower one";
  EXPECT_NEAR(got.chosen, -2000 + std::log(0.5), 1e-6);
}

TEST(TokenScores, HaveAValueForWhatHasNoChance) {
  const float never = -std::numeric_limits<float>::infinity();
  const std::vector<float> scores{never, 0.0F};
  EXPECT_EQ(likelihoods_of(scores, 0, 0).chosen, kNoChance);
  EXPECT_EQ(likelihoods_of(scores, 1, 0).chosen, 0);
  EXPECT_EQ(likelihoods_of(std::vector<float>{never, never}, 0, 0).chosen, kNoChance);
  EXPECT_EQ(likelihoods_of(std::vector<float>{-20'000.0F, 0.0F}, 0, 0).chosen, kNoChance);
}

TEST(TokenScores, TellNoMoreThanThereAre) {
  EXPECT_TRUE(likelihoods_of(std::vector<float>{1, 2}, 0, 0).top.empty());
  EXPECT_EQ(likelihoods_of(std::vector<float>{1, 2}, 0, 20).top.size(), 2U);
}

TEST(TokenScores, SumToOneAndFallFromTheFirstOn) {
  std::mt19937 random(20261201);
  std::normal_distribution<float> score(0, 8);
  for (int round = 0; round < 200; ++round) {
    std::vector<float> scores(1 + round);
    for (float& one : scores) one = score(random);
    const TokenLikelihoods got = likelihoods_of(scores, 0, scores.size());
    double sum = 0;
    for (size_t i = 0; i < got.top.size(); ++i) {
      sum += std::exp(got.top[i].logprob);
      if (i > 0) EXPECT_LE(got.top[i].logprob, got.top[i - 1].logprob);
    }
    EXPECT_NEAR(sum, 1.0, 1e-9) << "seeded round " << round;
  }
}

}  // namespace
}  // namespace promethean::llm::local
