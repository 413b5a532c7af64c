#include "llm/local/llama/sampler.h"

#include <common/json-schema-to-grammar.h>
#include <common/json.h>

#include <algorithm>
#include <cmath>
#include <exception>

namespace promethean::llm::local {

namespace {

constexpr int32_t kTopK = 40;            // sorting the whole vocabulary costs more than it gives
constexpr int32_t kPenaltyWindow = 256;  // tokens that the penalties look back on

SamplerHandle make_chain(const llama_vocab* vocab, const GenerateOptions& options) {
  SamplerHandle chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  const auto add = [&chain](llama_sampler* sampler) { llama_sampler_chain_add(chain.get(), sampler); };
  if (options.frequency_penalty != 0 || options.presence_penalty != 0) {
    add(llama_sampler_init_penalties(llama_vocab_n_tokens(vocab), kPenaltyWindow, 1.0F,
                                     static_cast<float>(options.frequency_penalty),
                                     static_cast<float>(options.presence_penalty)));
  }
  if (options.temperature <= 0) {
    add(llama_sampler_init_greedy());
    return chain;
  }
  add(llama_sampler_init_top_k(kTopK));
  add(llama_sampler_init_top_p(static_cast<float>(options.top_p), 1));
  add(llama_sampler_init_temp(static_cast<float>(options.temperature)));
  add(llama_sampler_init_dist(options.seed.value_or(LLAMA_DEFAULT_SEED)));
  return chain;
}

}  // namespace

base::Result<Sampler> Sampler::make(const llama_vocab* vocab, const GenerateOptions& options) {
  SamplerHandle grammar;
  if (!options.grammar.empty()) {
    grammar.reset(llama_sampler_init_grammar(vocab, options.grammar.c_str(), "root"));
    if (!grammar) return base::fail(base::Code::kInvalidArgument, "the grammar cannot be parsed");
  }
  return Sampler(make_chain(vocab, options), std::move(grammar), llama_vocab_n_tokens(vocab));
}

llama_token Sampler::next(llama_context* context) {
  const float* scores = llama_get_logits_ith(context, -1);
  llama_token token = choose(scores, false);
  // Asking the grammar about one token is cheap, about all of them is not; most first choices are allowed.
  if (grammar_ && !grammar_allows(token)) token = choose(scores, true);
  llama_sampler_accept(chain_.get(), token);
  if (grammar_) llama_sampler_accept(grammar_.get(), token);
  return token;
}

llama_token Sampler::choose(const float* scores, bool by_grammar) {
  for (size_t i = 0; i < candidates_.size(); ++i) {
    candidates_[i] = {static_cast<llama_token>(i), scores[i], 0.0F};
  }
  llama_token_data_array list{candidates_.data(), candidates_.size(), -1, false};
  if (by_grammar) llama_sampler_apply(grammar_.get(), &list);
  llama_sampler_apply(chain_.get(), &list);
  return list.data[std::max<int64_t>(list.selected, 0)].id;
}

bool Sampler::grammar_allows(llama_token token) const {
  llama_token_data one{token, 1.0F, 0.0F};
  llama_token_data_array list{&one, 1, -1, false};
  llama_sampler_apply(grammar_.get(), &list);
  return list.data[0].logit != -INFINITY;
}

base::Result<std::string> grammar_of_schema(const json::Value& schema) {
  try {
    return json_schema_to_grammar(common_json::parse(json::write(schema)), true);
  } catch (const std::exception& e) {
    return base::fail(base::Code::kInvalidArgument, std::string("the JSON Schema cannot be followed: ") + e.what());
  }
}

}  // namespace promethean::llm::local
