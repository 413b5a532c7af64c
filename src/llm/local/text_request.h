// The worker's bodies that are no conversations: a prompt to complete, and texts to embed.
#pragma once

#include <string>
#include <vector>

#include "llm/local/engine.h"

namespace promethean::llm::local {

struct CompletionRequest {
  std::vector<Token> prompt;
  GenerateOptions options;
  std::string echo;  // what the answer begins with, before the model's own text
  size_t choices = 1;
  bool stream = false;
  bool include_usage = false;
};

// One prompt, a text or an array of tokens. `body` satisfies llm::kCompletionRequestSchema. Tokenizes: for the pool.
base::Result<CompletionRequest> parse_completion_request(const Engine& engine, const json::Value& body);

// The tokens of each text. `body` satisfies llm::kEmbeddingRequestSchema. Tokenizes, too.
base::Result<std::vector<std::vector<Token>>> parse_embedding_request(const Engine& engine, const json::Value& body);

}  // namespace promethean::llm::local
