// What a request of any endpoint says of how to choose tokens, and of how much to tell about them. Source: OpenAI API
// reference, "Create chat completion" and "Create completion"; top_k, min_p and repeat_penalty are Ollama's.
#pragma once

#include "llm/local/engine.h"

namespace promethean::llm::local {

inline constexpr int64_t kMostChoices = 8;
inline constexpr size_t kMostBiases = 1024;
inline constexpr double kMostRepeatPenalty = 100;
inline constexpr int64_t kMostCompletionLogprobs = 5;

// `body` satisfies the endpoint's schema; `vocabulary`: how many tokens the model has. kInvalidArgument naming the
// field. Leaves out the form of the answer, but for `grammar`, and log probabilities, which each endpoint asks for in a
// way of its own.
base::Result<GenerateOptions> sampling_of(const json::Value& body, Token vocabulary);

// How many answers are wanted: `n`. kInvalidArgument for more than kMostChoices, and for a `best_of` that is not `n`.
base::Result<size_t> choices_of(const json::Value& body);

// A chat has `logprobs` and `top_logprobs`, a completed prompt one number for both.
std::optional<int> chat_logprobs_of(const json::Value& body);
base::Result<std::optional<int>> completion_logprobs_of(const json::Value& body);

}  // namespace promethean::llm::local
