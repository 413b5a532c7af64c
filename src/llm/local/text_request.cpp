#include "llm/local/text_request.h"

#include <algorithm>
#include <limits>

#include "llm/completion.h"
#include "llm/local/sampling_request.h"

namespace promethean::llm::local {

namespace {

// A text or an array of tokens -> tokens that the model has.
base::Result<std::vector<Token>> tokens_of(const Engine& engine, const json::Value& text, const std::string& field) {
  if (text.is_string()) return engine.bare_prompt(text.as_string());
  std::vector<Token> tokens;
  for (const auto& token : text.as_array())
    tokens.push_back(static_cast<Token>(std::min<int64_t>(token.as_int64(), std::numeric_limits<Token>::max())));
  if (auto known = engine.text_of(tokens); !known) return base::fail(known.error().with_field(field));
  return tokens;
}

}  // namespace

base::Result<CompletionRequest> parse_completion_request(const Engine& engine, const json::Value& body) {
  const auto prompts = texts_of(body.as_object(), "prompt", 1);
  if (!prompts) return base::fail(prompts.error());
  if (json::int_at(body, "max_tokens") == 0)
    return base::bad_field("max_tokens", "this model cannot answer with no token");
  auto options = sampling_of(body, engine.vocabulary());
  if (!options) return base::fail(std::move(options).error());
  const auto choices = choices_of(body);
  if (!choices) return base::fail(choices.error());
  const auto logprobs = completion_logprobs_of(body);
  if (!logprobs) return base::fail(logprobs.error());
  auto tokens = tokens_of(engine, prompts->front(), "prompt");
  if (!tokens) return base::fail(std::move(tokens).error());

  CompletionRequest request;
  request.prompt = *std::move(tokens);
  request.options = *std::move(options);
  request.options.top_logprobs = *logprobs;
  request.choices = *choices;
  if (json::bool_at(body, "echo").value_or(false)) {
    const json::Value& prompt = prompts->front();
    request.echo = prompt.is_string() ? std::string(prompt.as_string()) : *engine.text_of(request.prompt);
  }
  request.stream = json::bool_at(body, "stream").value_or(false);
  const json::Value* stream_options = json::find(body, "stream_options");
  request.include_usage = stream_options != nullptr && json::bool_at(*stream_options, "include_usage").value_or(false);
  return request;
}

base::Result<std::vector<std::vector<Token>>> parse_embedding_request(const Engine& engine, const json::Value& body) {
  const auto inputs = texts_of(body.as_object(), "input", kMaxInputs);
  if (!inputs) return base::fail(inputs.error());
  std::vector<std::vector<Token>> out;
  for (const auto& text : *inputs) {
    auto tokens = tokens_of(engine, text, "input");
    if (!tokens) return base::fail(std::move(tokens).error());
    out.push_back(*std::move(tokens));
  }
  return out;
}

}  // namespace promethean::llm::local
