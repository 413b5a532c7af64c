// Embeddings by a model that was made to generate: the mean of its last hidden states, of length 1.
#pragma once

#include <span>
#include <vector>

#include "llm/local/engine.h"
#include "llm/local/llama/handles.h"

namespace promethean::llm::local {

// Has a context of its own, so that answers go on meanwhile. One thread at a time. `model` outlives it.
class Embedder {
 public:
  // The memory is taken at the first call of embed().
  Embedder(llama_model* model, int threads) : model_(model), threads_(threads) {}

  // As Engine::embed.
  base::Result<std::vector<float>> embed(std::span<const Token> text, const async::StopFlag& stop);

 private:
  base::Result<void> open();
  base::Result<void> add_piece(std::span<const Token> piece, std::vector<double>& sum);

  llama_model* model_;
  int threads_;
  ContextHandle context_;
};

}  // namespace promethean::llm::local
