// The worker's request body: OpenAI's "Create chat completion", as far as one small model on one machine can follow it.
#pragma once

#include <optional>
#include <string_view>

#include "llm/chat_request.h"
#include "llm/local/engine.h"

namespace promethean::llm::local {

extern const std::string_view kTokenizeBodySchema;

struct ChatRequest {
  json::Array messages;
  GenerateOptions options;
  json::Array tools;  // that the model is told of
  size_t choices = 1;
  bool stream = false;
  bool include_usage = false;
};

// `body` satisfies kChatRequestSchema; `vocabulary`: how many tokens the model has. Makes the grammar of the answer:
// for the pool.
base::Result<ChatRequest> parse_chat_request(const json::Value& body, Token vocabulary);

}  // namespace promethean::llm::local
