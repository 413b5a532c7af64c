// The messages of a Messages request as messages of a chat.
#pragma once

#include "json/json.h"

namespace promethean::llm::messages {

// `system` and `messages` of the request, in their order; neighbours of role user become one message, as Anthropic
// takes them. Errors as to_chat().
base::Result<json::Array> chat_messages(const json::Value& request);

// The texts of a content: the string, or the text blocks joined by line breaks.
std::string text_of(const json::Value& content);

}  // namespace promethean::llm::messages
