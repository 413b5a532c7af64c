// Sampler: chooses the next token of one answer from the model's scores.
#pragma once

#include <string>
#include <vector>

#include "llm/local/engine.h"
#include "llm/local/llama/handles.h"

namespace promethean::llm::local {

class Sampler {
 public:
  // kInvalidArgument for a grammar that cannot be parsed.
  static base::Result<Sampler> make(const llama_vocab* vocab, const GenerateOptions& options);

  // Chooses by the scores of the last evaluated token and remembers the choice.
  llama_token next(llama_context* context);

 private:
  Sampler(SamplerHandle chain, SamplerHandle grammar, int tokens)
      : chain_(std::move(chain)), grammar_(std::move(grammar)), candidates_(static_cast<size_t>(tokens)) {}
  llama_token choose(const float* scores, bool by_grammar);
  bool grammar_allows(llama_token token) const;

  SamplerHandle chain_;
  SamplerHandle grammar_;  // null: any text
  std::vector<llama_token_data> candidates_;
};

// JSON Schema -> GBNF, by llama.cpp's own translator. kInvalidArgument for what it cannot express.
base::Result<std::string> grammar_of_schema(const json::Value& schema);

}  // namespace promethean::llm::local
