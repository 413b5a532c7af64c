// The worker's request body: OpenAI's "Create chat completion", as far as one small model on one machine can follow it.
#pragma once

#include <optional>
#include <string_view>

#include "llm/local/engine.h"

namespace promethean::llm::local {

// JSON Schema of the bodies; what it allows but we do not know is ignored, as other backends do.
extern const std::string_view kChatBodySchema;
extern const std::string_view kTokenizeBodySchema;

struct ChatRequest {
  json::Array messages;
  GenerateOptions options;
  std::optional<json::Value> answer_schema;  // response_format json_object or json_schema
  bool stream = false;
  bool include_usage = false;
};

// What was wrong with a request, and with which member of it.
struct BadRequest {
  base::Error error;
  std::string_view param;
};

// `body` satisfies kChatBodySchema.
std::expected<ChatRequest, BadRequest> parse_chat_request(const json::Value& body);

}  // namespace promethean::llm::local
