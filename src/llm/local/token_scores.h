// From a model's scores of all its tokens (logits) to log probabilities. Nothing here knows the model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace promethean::llm::local {

struct Likelihood {
  int32_t token = 0;
  double logprob = 0;  // natural; kNoChance or more
};

// What stands for minus infinity, which JSON does not have. OpenAI's value for "very unlikely".
inline constexpr double kNoChance = -9999.0;

struct TokenLikelihoods {
  double chosen = 0;
  std::vector<Likelihood> top;  // the likeliest first; of equals the lower token
};

// The softmax of `scores`, of which the place is the token: the log probability of `chosen` and of the `top` likeliest.
TokenLikelihoods likelihoods_of(std::span<const float> scores, int32_t chosen, size_t top);

}  // namespace promethean::llm::local
