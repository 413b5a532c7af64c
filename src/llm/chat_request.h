// The body of OpenAI's "Create chat completion" and what is checked of it before anybody works on it: by the API for
// every backend, and by the worker, whose socket others may speak to. Source: OpenAI API reference, chat/create.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json/json.h"

namespace promethean::llm {

// JSON Schema of the body: types and bounds of the documented fields. Fields it does not know are accepted; what a
// backend gets of them is said in compatibility.h. A limit of 0 tokens counts as none given.
extern const std::string_view kChatRequestSchema;

// What was wrong with a request, and with which field of it ("messages[2].content").
struct BadRequest {
  base::Error error;
  std::string param;
};

// What the schema cannot say: which role must bring what, and the shape of each kind of content part. `messages`
// satisfies the schema.
std::optional<BadRequest> check_messages(const json::Array& messages);

}  // namespace promethean::llm
