// Sampler: chooses the next token of one answer from the model's scores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "llm/local/engine.h"
#include "llm/local/llama/handles.h"

namespace promethean::llm::local {

class Sampler {
 public:
  // kInvalidArgument for a grammar that cannot be parsed.
  static base::Result<Sampler> make(const llama_vocab* vocab, const GenerateOptions& options);

  // Chooses by `scores`, of each token one, and remembers the choice. `closing`: what ends a piece of JSON
  // comes before what the model likes; `in_string`: it is in the middle of one.
  llama_token next(const float* scores, bool closing, bool in_string);

 private:
  Sampler(const llama_vocab* vocab, SamplerHandle chain, SamplerHandle grammar, std::vector<TokenBias> biases);
  llama_token_data_array all(const float* scores, bool biased = true);
  llama_token_data_array allowed(const float* scores);  // the others have no chance
  llama_token_data_array held_to_grammar(llama_token_data_array list) const;
  llama_token choose(const float* scores, bool by_grammar);
  llama_token likeliest(const float* scores);
  std::optional<llama_token> closer(bool in_string) const;
  bool grammar_allows(llama_token token) const;
  bool says_nothing(llama_token token) const;

  const llama_vocab* vocab_;

  SamplerHandle chain_;
  SamplerHandle grammar_;  // null: any text
  std::vector<TokenBias> biases_;
  std::vector<llama_token_data> candidates_;
};

}  // namespace promethean::llm::local
