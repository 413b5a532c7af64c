#include "llm/local/sampling_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace promethean::llm::local {

namespace {

constexpr int64_t kMostTokens = 1 << 20;

std::vector<std::string> stops_of(const json::Value& body) {
  if (const auto one = json::string_at(body, "stop")) return {std::string(*one)};
  std::vector<std::string> stops;
  if (const json::Array* list = json::array_at(body, "stop")) {
    for (const json::Value& stop : *list) stops.emplace_back(stop.get_string());
  }
  return stops;
}

base::Result<std::vector<TokenBias>> biases_of(const json::Value& body, Token vocabulary) {
  std::vector<TokenBias> biases;
  const json::Object* given = json::object_at(body, "logit_bias");
  if (given == nullptr) return biases;
  if (given->size() > kMostBiases)
    return base::bad_field("logit_bias", fmt::format("more than {} tokens at once", kMostBiases));
  for (const auto& [name, bias] : *given) {
    const auto token = base::parse_int(name);
    if (!token || *token < 0 || *token >= vocabulary) {
      return base::bad_field(
          "logit_bias",
          fmt::format("'{}' is no token of this model", base::sanitize_utf8(std::string_view(name).substr(0, 40))),
          fmt::format("its tokens are the numbers from 0 to {}", vocabulary - 1));
    }
    biases.push_back({static_cast<Token>(*token), bias.to_number<double>()});
  }
  return biases;
}

}  // namespace

base::Result<GenerateOptions> sampling_of(const json::Value& body, Token vocabulary) {
  GenerateOptions options;
  options.temperature = json::number_at(body, "temperature").value_or(options.temperature);
  if (const auto top_k = json::int_at(body, "top_k"))
    options.top_k = static_cast<int>(std::clamp<int64_t>(*top_k, 0, vocabulary));
  options.top_p = json::number_at(body, "top_p").value_or(options.top_p);
  options.min_p = json::number_at(body, "min_p").value_or(0);
  options.frequency_penalty = json::number_at(body, "frequency_penalty").value_or(0);
  options.presence_penalty = json::number_at(body, "presence_penalty").value_or(0);
  const double repeat_penalty = json::number_at(body, "repeat_penalty").value_or(1);
  if (repeat_penalty > kMostRepeatPenalty)
    return base::bad_field("repeat_penalty", fmt::format("the penalty is at most {}", kMostRepeatPenalty));
  options.repeat_penalty = repeat_penalty == 0 ? 1 : repeat_penalty;
  auto biases = biases_of(body, vocabulary);
  if (!biases) return base::fail(std::move(biases).error());
  options.logit_bias = *std::move(biases);
  if (const auto seed = json::int_at(body, "seed")) options.seed = static_cast<uint32_t>(*seed);
  // The newer name counts where both are given.
  const auto limit = json::int_at(body, "max_completion_tokens").value_or(json::int_at(body, "max_tokens").value_or(0));
  options.max_tokens = static_cast<int>(std::min(limit, kMostTokens));
  options.stop = stops_of(body);
  options.form.grammar = json::string_at(body, "grammar").value_or("");
  return options;
}

base::Result<size_t> choices_of(const json::Value& body) {
  const int64_t choices = json::int_at(body, "n").value_or(1);
  if (choices > kMostChoices)
    return base::bad_field("n", fmt::format("this model gives at most {} answers at once", kMostChoices),
                           "ask again for more of them");
  if (json::int_at(body, "best_of").value_or(choices) != choices)
    return base::bad_field("best_of", "the best can only be told from whole answers", "leave it out, and ask for n");
  return static_cast<size_t>(choices);
}

std::optional<int> chat_logprobs_of(const json::Value& body) {
  if (!json::bool_at(body, "logprobs").value_or(false)) return std::nullopt;
  return static_cast<int>(json::int_at(body, "top_logprobs").value_or(0));
}

base::Result<std::optional<int>> completion_logprobs_of(const json::Value& body) {
  const auto wanted = json::int_at(body, "logprobs");
  if (!wanted) return std::nullopt;
  if (*wanted > kMostCompletionLogprobs)
    return base::bad_field("logprobs",
                           fmt::format("at most the {} likeliest tokens are told", kMostCompletionLogprobs));
  if (json::bool_at(body, "echo").value_or(false))
    return base::bad_field("echo", "the log probabilities of a prompt are not told", "leave out echo or logprobs");
  return static_cast<int>(*wanted);
}

}  // namespace promethean::llm::local
