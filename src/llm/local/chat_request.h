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
  bool stream = false;
  bool include_usage = false;
};

// What a request of any endpoint says of how to generate.
GenerateOptions options_of(const json::Value& body);

// `body` satisfies kChatRequestSchema. Makes the grammar of the answer: for the pool.
base::Result<ChatRequest> parse_chat_request(const json::Value& body);

}  // namespace promethean::llm::local
