#include "llm/local/llama/sampler.h"

#include <algorithm>
#include <cmath>

namespace promethean::llm::local {

namespace {

constexpr int32_t kPenaltyWindow = 256;  // tokens that the penalties look back on

SamplerHandle make_chain(const llama_vocab* vocab, const GenerateOptions& options) {
  SamplerHandle chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  const auto add = [&chain](llama_sampler* sampler) { llama_sampler_chain_add(chain.get(), sampler); };
  if (options.frequency_penalty != 0 || options.presence_penalty != 0 || options.repeat_penalty != 1) {
    add(llama_sampler_init_penalties(
        llama_vocab_n_tokens(vocab), kPenaltyWindow, static_cast<float>(options.repeat_penalty),
        static_cast<float>(options.frequency_penalty), static_cast<float>(options.presence_penalty)));
  }
  if (options.temperature <= 0) {
    add(llama_sampler_init_greedy());
    return chain;
  }
  if (options.top_k > 0) add(llama_sampler_init_top_k(options.top_k));
  add(llama_sampler_init_top_p(static_cast<float>(options.top_p), 1));
  if (options.min_p > 0) add(llama_sampler_init_min_p(static_cast<float>(options.min_p), 1));
  add(llama_sampler_init_temp(static_cast<float>(options.temperature)));
  add(llama_sampler_init_dist(options.seed.value_or(LLAMA_DEFAULT_SEED)));
  return chain;
}

}  // namespace

Sampler::Sampler(const llama_vocab* vocab, SamplerHandle chain, SamplerHandle grammar, std::vector<TokenBias> biases)
    : vocab_(vocab),
      chain_(std::move(chain)),
      grammar_(std::move(grammar)),
      biases_(std::move(biases)),
      candidates_(static_cast<size_t>(llama_vocab_n_tokens(vocab))) {}

base::Result<Sampler> Sampler::make(const llama_vocab* vocab, const GenerateOptions& options) {
  SamplerHandle grammar;
  if (!options.form.grammar.empty()) {
    grammar.reset(llama_sampler_init_grammar(vocab, options.form.grammar.c_str(), "root"));
    if (!grammar) return base::fail(base::Code::kInvalidArgument, "the grammar cannot be parsed");
  }
  return Sampler(vocab, make_chain(vocab, options), std::move(grammar), options.logit_bias);
}

llama_token Sampler::next(const float* scores, bool closing, bool in_string) {
  const bool in_haste = closing && grammar_;
  const auto end = in_haste ? closer(in_string) : std::nullopt;
  llama_token token = end ? *end : in_haste ? likeliest(scores) : choose(scores, false);
  // Asking the grammar about one token is cheap, about all of them is not; most first choices are allowed.
  if (grammar_ && !grammar_allows(token)) token = choose(scores, true);
  llama_sampler_accept(chain_.get(), token);
  if (grammar_) llama_sampler_accept(grammar_.get(), token);
  return token;
}

// What ends most of what is open comes first. A quote opens a string where nothing else is allowed, and ends it next.
std::optional<llama_token> Sampler::closer(bool in_string) const {
  if (grammar_allows(llama_vocab_eos(vocab_))) return llama_vocab_eos(vocab_);
  for (const std::string_view text : {"}", "]", ",", "\""}) {
    if (in_string && text != "\"") continue;
    std::vector<llama_token> tokens;
    append_tokens(vocab_, text, false, tokens);
    if (tokens.size() == 1 && token_bytes(vocab_, tokens[0]) == text && grammar_allows(tokens[0])) return tokens[0];
  }
  return std::nullopt;
}

llama_token_data_array Sampler::all(const float* scores, bool biased) {
  for (size_t i = 0; i < candidates_.size(); ++i) {
    candidates_[i] = {static_cast<llama_token>(i), scores[i], 0.0F};
  }
  if (biased) {
    for (const auto& [token, bias] : biases_) {
      float& logit = candidates_[static_cast<size_t>(token)].logit;
      logit = bias <= kBan ? -INFINITY : logit + static_cast<float>(bias);
    }
  }
  return {candidates_.data(), candidates_.size(), -1, false};
}

// Where everything is banned that the grammar allows, the grammar counts.
llama_token_data_array Sampler::allowed(const float* scores) {
  const llama_token_data_array list = held_to_grammar(all(scores));
  const auto has_chance = [](const llama_token_data& candidate) { return candidate.logit != -INFINITY; };
  if (biases_.empty() || std::ranges::any_of(candidates_, has_chance)) return list;
  return held_to_grammar(all(scores, false));
}

llama_token_data_array Sampler::held_to_grammar(llama_token_data_array list) const {
  llama_sampler_apply(grammar_.get(), &list);
  for (size_t i = 0; i < list.size; ++i) {
    if (says_nothing(list.data[i].id)) list.data[i].logit = -INFINITY;
  }
  return list;
}

llama_token Sampler::choose(const float* scores, bool by_grammar) {
  llama_token_data_array list = by_grammar ? allowed(scores) : all(scores);
  llama_sampler_apply(chain_.get(), &list);
  return list.data[std::max<int64_t>(list.selected, 0)].id;
}

// Among those that the grammar allows: a hot model would spell out letter by letter what it has no choice about.
llama_token Sampler::likeliest(const float* scores) {
  allowed(scores);
  return std::ranges::max_element(candidates_, {}, &llama_token_data::logit)->id;
}

// A control token is no text, whatever the grammar makes of its name.
bool Sampler::says_nothing(llama_token token) const {
  return llama_vocab_is_control(vocab_, token) && !llama_vocab_is_eog(vocab_, token);
}

bool Sampler::grammar_allows(llama_token token) const {
  if (says_nothing(token)) return false;
  llama_token_data one{token, 1.0F, 0.0F};
  llama_token_data_array list{&one, 1, -1, false};
  llama_sampler_apply(grammar_.get(), &list);
  return list.data[0].logit != -INFINITY;
}

}  // namespace promethean::llm::local
