// The body of OpenAI's "Create chat completion" and what is checked of it before anybody works on it: by the API for
// every backend, and by the worker, whose socket others may speak to. Source: OpenAI API reference, chat/create.
#pragma once

#include <optional>
#include <string_view>

#include "json/json.h"

namespace promethean::llm {

// JSON Schema of the body: types and bounds of the documented fields. Fields it does not know are accepted; what a
// backend gets of them is said in compatibility.h. A limit of 0 tokens counts as none given.
extern const std::string_view kChatRequestSchema;

// What the schema cannot say: which role must bring what, and the shape of each kind of content part. `messages`
// satisfies the schema. kInvalidArgument with the wrong field.
std::optional<base::Error> check_messages(const json::Array& messages);

}  // namespace promethean::llm
