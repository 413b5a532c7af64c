#include "llm/local/token_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace promethean::llm::local {

namespace {

// The logarithm of the sum of e^score, whose terms would overflow.
double log_sum(std::span<const float> scores) {
  const double highest = *std::ranges::max_element(scores);
  if (!std::isfinite(highest)) return highest;
  double sum = 0;
  for (const float score : scores) sum += std::exp(static_cast<double>(score) - highest);
  return highest + std::log(sum);
}

}  // namespace

TokenLikelihoods likelihoods_of(std::span<const float> scores, int32_t chosen, size_t top) {
  const double whole = log_sum(scores);
  const auto logprob = [scores, whole](int32_t token) {
    const double value = static_cast<double>(scores[static_cast<size_t>(token)]) - whole;
    return std::isnan(value) ? kNoChance : std::clamp(value, kNoChance, 0.0);
  };
  TokenLikelihoods out{.chosen = logprob(chosen), .top = {}};
  if (top == 0) return out;
  std::vector<int32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const auto better = [scores](int32_t a, int32_t b) {
    const float left = scores[static_cast<size_t>(a)];
    const float right = scores[static_cast<size_t>(b)];
    return left != right ? left > right : a < b;
  };
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(top, order.size()));
  std::partial_sort(order.begin(), end, order.end(), better);
  for (auto token = order.begin(); token != end; ++token) out.top.push_back({*token, logprob(*token)});
  return out;
}

}  // namespace promethean::llm::local
